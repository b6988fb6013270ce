"""Pictures and the report page.

In come a model and what was found of it; out go SVG pictures and one self-contained HTML page that runs the
model and the program by itself. Names of dimensions come from the found program and from executing it
beside the model, never from hidden labels. Nothing here changes a verdict.
"""

from inverse_tracr.report.page import report_html, write_report, write_whole
from inverse_tracr.report.study import Study, study_model

__all__ = ["Study", "report_html", "study_model", "write_report", "write_whole"]
