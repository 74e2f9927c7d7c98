"""What can go wrong with the stack on this machine."""

from app.errors import LocalStackError


class LocalError(LocalStackError):
    """The local stack can't do what was asked; says why and what to do about it."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(f"{message}; try: {remedy}" if remedy else message)
        self.message = message
        self.remedy = remedy
