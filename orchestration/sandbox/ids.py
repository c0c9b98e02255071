"""Identifiers that look like the vendors' and derive from (seed, kind, key) alone."""

from __future__ import annotations

from hashlib import blake2b

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

_SALESFORCE_PREFIX = {
    "Account": "001",
    "User": "005",
    "Opportunity": "006",
    "Product2": "01t",
    "Pricebook2": "01s",
    "PricebookEntry": "01u",
    "Contract": "800",
    "Order": "801",
    "OrderItem": "802",
    "Rate_Tier__c": "a0R",
    "Milestone__c": "a0M",
}


def _digits(number: int, alphabet: str, length: int) -> str:
    base = len(alphabet)
    out = []
    for _ in range(length):
        number, digit = divmod(number, base)
        out.append(alphabet[digit])
    return "".join(out)


class Ids:
    """All identifiers of one world. Same seed, kind and key give the same id."""

    def __init__(self, seed: int) -> None:
        self._salt = f"tieout/{seed}/".encode()

    def number(self, kind: str, key: object) -> int:
        """A 160-bit number for a key."""
        text = self._salt + f"{kind}/{key}".encode()
        return int.from_bytes(blake2b(text, digest_size=20).digest(), "big")

    def salesforce(self, sobject: str, key: object) -> str:
        """18 characters: key prefix, instance, record number, and the case checksum."""
        body = _SALESFORCE_PREFIX[sobject] + "Hs" + _digits(self.number(sobject, key), _BASE62, 10)
        suffix = ""
        for start in (0, 5, 10):
            bits = 0
            for offset in range(5):
                if "A" <= body[start + offset] <= "Z":
                    bits |= 1 << offset
            suffix += _CHECK[bits]
        return body + suffix

    def stripe(self, prefix: str, key: object) -> str:
        """``in_1…`` and the like: prefix, a one, 23 characters."""
        return f"{prefix}_1{_digits(self.number(prefix, key), _BASE62, 23)}"

    def code(self, kind: str, key: object, length: int) -> str:
        """Upper-case letters and digits, for bank references, trace ids and invoice prefixes."""
        return _digits(self.number(kind, key), _BASE36, length)
