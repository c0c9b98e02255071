"""Writes bank statements as files: BAI2 for the US accounts, CAMT.053 for the UK, one a day with activity.

Each statement opens where the last one closed and carries its control totals.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from .amounts import major
from .documents import BankLine
from .policies import BankAccount

BAI_TYPE = {"customer_receipt": "195", "processor_payout": "142", "sweep": "495"}
CAMT_TYPE = {"customer_receipt": "RCDT", "processor_payout": "RCDT", "sweep": "ICDT"}
SENDER = "FHBKUS33"


def bai2(account: BankAccount, day: date, opening: int, lines: list[BankLine]) -> str:
    """A BAI2 file with one group and one account; texts are continuation records."""
    credits = [line.amount for line in lines if line.amount > 0]
    debits = [-line.amount for line in lines if line.amount < 0]
    closing = opening + sum(credits) - sum(debits)
    stamp, made = day.strftime("%y%m%d"), (day + timedelta(days=1)).strftime("%y%m%d")
    records = [
        f"03,{account.account_id},{account.currency},010,{opening},,,015,{closing},,/",
        f"88,100,{sum(credits)},{len(credits)},,400,{sum(debits)},{len(debits)},/",
    ]
    for line in lines:
        records.append(
            f"16,{BAI_TYPE[line.kind]},{abs(line.amount)},Z,{line.reference},"
            f"{line.customer_reference},/"
        )
        if line.payer:
            records.append(f"88,PAYER: {line.payer}")
        records.append(f"88,REMIT: {line.text}" if line.payer else f"88,{line.text}")
    control = opening + closing + 2 * (sum(credits) + sum(debits))
    records.append(f"49,{control},{len(records) + 1}/")
    group = [
        f"02,{account.account_id},{SENDER},1,{stamp},2359,{account.currency},2/",
        *records,
        f"98,{control},1,{len(records) + 2}/",
    ]
    whole = [
        f"01,{SENDER},LUMEN,{made},0400,{day:%Y%m%d},,,2/",
        *group,
        f"99,{control},1,{len(group) + 2}/",
    ]
    return "\n".join(whole) + "\n"


def _balance(code: str, amount: int, currency: str, day: date) -> str:
    side = "CRDT" if amount >= 0 else "DBIT"
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="{currency}">{major(abs(amount))}</Amt><CdtDbtInd>{side}</CdtDbtInd>'
        f"<Dt><Dt>{day.isoformat()}</Dt></Dt></Bal>"
    )


def _entry(line: BankLine) -> str:
    side = "CRDT" if line.amount > 0 else "DBIT"
    party = ""
    if line.payer:
        party = f"<RltdPties><Dbtr><Nm>{escape(line.payer)}</Nm></Dbtr></RltdPties>"
    end_to_end = escape(line.customer_reference or "NOTPROVIDED")
    return (
        f'<Ntry><Amt Ccy="{line.currency}">{major(abs(line.amount))}</Amt><CdtDbtInd>{side}</CdtDbtInd>'
        f"<Sts>BOOK</Sts><BookgDt><Dt>{line.booked.isoformat()}</Dt></BookgDt>"
        f"<ValDt><Dt>{line.booked.isoformat()}</Dt></ValDt><AcctSvcrRef>{line.reference}</AcctSvcrRef>"
        f"<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{CAMT_TYPE[line.kind]}</Cd><SubFmlyCd>OTHR</SubFmlyCd>"
        f"</Fmly></Domn></BkTxCd><NtryDtls><TxDtls><Refs><EndToEndId>{end_to_end}</EndToEndId></Refs>"
        f"{party}<RmtInf><Ustrd>{escape(line.text)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )


def camt053(account: BankAccount, day: date, opening: int, lines: list[BankLine]) -> str:
    """A CAMT.053.001.02 document with one statement and its transaction summary."""
    credits = [line.amount for line in lines if line.amount > 0]
    debits = [-line.amount for line in lines if line.amount < 0]
    closing = opening + sum(credits) - sum(debits)
    name = f"{account.account_id[-8:]}-{day:%Y%m%d}"
    made = (day + timedelta(days=1)).isoformat() + "T04:00:00Z"
    net = sum(credits) - sum(debits)
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>',
        f"<GrpHdr><MsgId>{name}</MsgId><CreDtTm>{made}</CreDtTm></GrpHdr>",
        f"<Stmt><Id>{name}</Id><ElctrncSeqNb>{day:%y%j}</ElctrncSeqNb><CreDtTm>{made}</CreDtTm>",
        f"<Acct><Id><IBAN>{account.account_id}</IBAN></Id><Ccy>{account.currency}</Ccy>"
        f"<Ownr><Nm>Fathom Cloud Ltd</Nm></Ownr></Acct>",
        _balance("OPBD", opening, account.currency, day),
        _balance("CLBD", closing, account.currency, day),
        f"<TxsSummry><TtlNtries><NbOfNtries>{len(lines)}</NbOfNtries><Sum>{major(sum(credits) + sum(debits))}"
        f"</Sum><TtlNetNtryAmt>{major(abs(net))}</TtlNetNtryAmt>"
        f"<CdtDbtInd>{'CRDT' if net >= 0 else 'DBIT'}</CdtDbtInd></TtlNtries>"
        f"<TtlCdtNtries><NbOfNtries>{len(credits)}</NbOfNtries><Sum>{major(sum(credits))}</Sum></TtlCdtNtries>"
        f"<TtlDbtNtries><NbOfNtries>{len(debits)}</NbOfNtries><Sum>{major(sum(debits))}</Sum></TtlDbtNtries>"
        "</TxsSummry>",
        *(_entry(line) for line in lines),
        "</Stmt></BkToCstmrStmt></Document>",
    ]
    return "\n".join(parts) + "\n"


def write_statements(root: Path, account: BankAccount, lines: Iterable[BankLine]) -> list[Path]:
    """One file a day with activity; returns them in order."""
    folder = root / account.account_id
    folder.mkdir(parents=True, exist_ok=True)
    balance, written = 0, []
    bai = account.format == "BAI2"
    for day, rows in groupby(lines, key=lambda line: line.booked):
        chosen = list(rows)
        text = (bai2 if bai else camt053)(account, day, balance, chosen)
        path = folder / f"{day.isoformat()}{'.bai2' if bai else '.camt053.xml'}"
        path.write_text(text)
        balance += sum(line.amount for line in chosen)
        written.append(path)
    return written
