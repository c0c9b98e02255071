"""Bank statement files: one parser a format, one result, control totals checked before it is used.

``read_statements`` tells the format by the content. A file that is cut off or does not tie is refused
whole; a single unreadable row is refused alone where the file has no totals it would break.
"""

from orchestration.sources.bank.formats import read_statements
from orchestration.sources.bank.model import BankFileError, RejectedRow, Statement, Transaction

__all__ = ["BankFileError", "RejectedRow", "Statement", "Transaction", "read_statements"]
