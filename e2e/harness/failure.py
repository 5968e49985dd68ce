"""The one exception that reaches the user of the demo: a sentence that names the thing and the fix."""


class Failure(Exception):
    pass
