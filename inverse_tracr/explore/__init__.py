"""The explorer: a local page where programs are written, compiled, compressed, decompiled and compared.

In come a person's programs and model files over loopback; out go pages, JSON and reports. It holds no logic
of the domain: long work is done by the other packages in processes that can be stopped. Needs the extra
`serve`. Nothing here may ask another machine for anything, or trust a request without the token.
"""
