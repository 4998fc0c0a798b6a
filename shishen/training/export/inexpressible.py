"""What a format has no way to say of a model: asked for by name it is refused, among all formats it is left out."""

from shishen.errors import ShishenError


class Inexpressible(ShishenError):
    """A format cannot say this model, and would say it wrongly."""
