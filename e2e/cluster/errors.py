"""The one exception that reaches the user: a sentence that names the thing and the fix."""


class ClusterError(Exception):
    pass
