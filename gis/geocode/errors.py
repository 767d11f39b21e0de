"""Why an address cannot be looked up."""

from typing import ClassVar


class UnusableAddress(ValueError):
    """The text given as an address cannot be looked up; `context` holds the facts."""

    code: ClassVar[str] = "unusable-address"

    def __init__(self, message: str, **context: object) -> None:
        super().__init__(message)
        self.context = context


class AddressTooLong(UnusableAddress):
    """More characters than any address has."""

    code = "address-too-long"


class AddressTooShort(UnusableAddress):
    """Too few letters and digits to look anything up."""

    code = "address-too-short"
