"""The errors for input that is the user's to correct."""


class InputError(ValueError):
    """Bad input: the message is one line that names the file or key, what was found and what is expected."""


class NotDefined(InputError):
    """Sound input on which a metric has no value, such as a single factor for one that compares factors."""
