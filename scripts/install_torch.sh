#!/bin/sh
# Installs the CPU build of PyTorch at the version in $TORCH into the environment of the interpreter $1.
# $PIP is the pip command, $TORCH_INDEX the URL of a further package index, or empty.
# On Linux the plain package brings gigabytes of CUDA with it, so it is taken only when TORCH_INDEX=cuda asks for it.
set -eu

python=$1
if "$python" -c 'import sys, importlib.metadata as m; sys.exit(m.version("torch").split("+")[0] != sys.argv[1])' \
    "$TORCH" 2>/dev/null; then
    exit 0
fi

case $TORCH_INDEX in
    cuda) exec $PIP install "torch==$TORCH" ;;
    ?*) exec $PIP install --extra-index-url "$TORCH_INDEX" "torch==$TORCH+cpu" ;;
esac

if $PIP install "torch==$TORCH+cpu" 2>/dev/null; then
    exit 0
fi
if [ "$(uname -s)" != Linux ]; then
    exec $PIP install "torch==$TORCH" # elsewhere the plain package is the CPU build
fi
cat >&2 <<EOF
pip finds no CPU build of torch $TORCH for $("$python" --version) in its indexes.
Run the same command again with one of
    TORCH_INDEX=URL     an index that has it (pytorch.org, "Get started", Compute Platform: CPU)
    TORCH_INDEX=cuda    the plain package, which brings several gigabytes of CUDA
    PYTHON=python3.11   another interpreter (after: make clean)
EOF
exit 1
