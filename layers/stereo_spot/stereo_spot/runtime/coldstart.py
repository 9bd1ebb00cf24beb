"""The start of a Lambda function. Handlers import this first and call `over` after their imports.

What imports make stays as long as the process, so looking for garbage in it only costs time: a
tenth of the API's start. `over` also keeps every later look from going through it again.
"""

import gc

gc.disable()


def over() -> None:
    """From here on garbage is collected as usual, among what is made from here on."""
    gc.freeze()
    gc.enable()
