"""What is fit to learn from: filters, duplicates, clusters of near-equal documents, a split that does not leak.

Importing anything of here needs numpy, of the extra `train`; raises ShishenError where it is missing.
"""

from importlib.util import find_spec

from shishen.errors import ShishenError

if find_spec("numpy") is None:
    raise ShishenError("整理数据集需要 numpy；请运行 pip install 'shishen[train]'")
