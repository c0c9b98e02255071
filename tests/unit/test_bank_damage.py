"""Bank files that must not be trusted: cut, altered, hostile, or in units nobody agreed on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestration.sources.bank import BankFileError, read_statements
from orchestration.sources.currencies import MoneyError, exponents, minor

EXPONENTS = {"USD": 2, "EUR": 2, "GBP": 2, "JPY": 0, "KWD": 3}

# Opening 1,000.00 + 250.50 - 40.25 = closing 1,210.25. Account total: the four amounts summed,
# 100000 + 121025 + 25050 + 4025 = 250100, over records 03, 88, 16, 16, 49 (five).
BAI2 = """\
01,BANK,ACME,250304,0600,1,,,2/
02,ACME,BANK,1,250303,,USD,2/
03,4400001001,USD,010,100000,,/
88,015,121025,,/
16,195,25050,,REF1,,PAYER: Northwind Ltd REMIT: INV-7/
16,495,4025,,REF2,,SWEEP TO TREASURY/
49,250100,5/
98,250100,1,7/
99,250100,1,9/
"""

CAMT = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>
<Id>S1</Id><Acct><Id><IBAN>GB33FATH60161331926819</IBAN></Id><Ccy>GBP</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="GBP">10.00</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2025-03-03</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="GBP">12.50</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2025-03-04</Dt></Dt></Bal>
<TxsSummry><TtlNtries><NbOfNtries>1</NbOfNtries></TtlNtries>
<TtlCdtNtries><NbOfNtries>1</NbOfNtries><Sum>2.50</Sum></TtlCdtNtries></TxsSummry>
<Ntry><Amt Ccy="GBP">2.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2025-03-04</Dt></BookgDt><AcctSvcrRef>R1</AcctSvcrRef></Ntry>
</Stmt></BkToCstmrStmt></Document>
"""

MT940 = """\
:20:START
:25:11111111
:28C:1/1
:60F:C250303EUR100,00
:61:2503040304D10,00NTRFNONREF//B1
:86:RENT
:62F:C250304EUR90,00
"""

OFX = """OFXHEADER:100

<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>USD<BANKACCTFROM><ACCTID>77</BANKACCTFROM>
<BANKTRANLIST><STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20250304<TRNAMT>-1.25<FITID>F1<NAME>A &amp; B
</STMTTRN></BANKTRANLIST><LEDGERBAL><BALAMT>8.75<DTASOF>20250304</LEDGERBAL>
</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""

CSV = """\
Date,Description,Amount,Currency,Balance,Account,Reference
2025-03-04,Northwind,10.00,USD,110.00,77,R1
2025-03-05,Fee,-1.25,USD,108.75,77,R2
"""

WHOLE = {"a.bai2": BAI2, "a.camt053.xml": CAMT, "a.sta": MT940, "a.ofx": OFX, "a.csv": CSV}


def read(name: str, text: str):
    return read_statements(name, text.encode(), EXPONENTS)[1]


def refusal(name: str, text: str) -> BankFileError:
    with pytest.raises(BankFileError) as caught:
        read(name, text)
    return caught.value


@pytest.mark.parametrize("name", WHOLE)
def test_the_whole_file_is_accepted(name):
    (statement,) = read(name, WHOLE[name])
    assert statement.transactions and not statement.rejected


@pytest.mark.parametrize("name", ["a.bai2", "a.camt053.xml", "a.sta", "a.ofx"])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9])
def test_a_file_cut_anywhere_is_refused_as_truncated(name, share):
    whole = WHOLE[name]
    error = refusal(name, whole[: int(len(whole) * share)])
    assert error.reason_code == "FILE_TRUNCATED", str(error)


@pytest.mark.parametrize("name", ["a.bai2", "a.camt053.xml", "a.sta", "a.ofx"])
def test_no_cut_of_a_file_is_ever_read_as_something_else(name):
    whole = read(name, WHOLE[name])
    for length in range(1, len(WHOLE[name])):
        try:
            found = read(name, WHOLE[name][:length])
        except BankFileError:
            continue
        assert found == whole, f"cut at {length}"


def test_an_empty_file_is_truncated():
    assert refusal("a.bai2", " \n").reason_code == "FILE_TRUNCATED"


@pytest.mark.parametrize(
    ("name", "was", "now"),
    [
        ("a.bai2", "16,195,25050", "16,195,25051"),  # a line changed: the account does not total
        ("a.bai2", "49,250100,5", "49,250100,4"),  # a record count that is one short
        ("a.bai2", "98,250100,1,7", "98,250101,1,7"),  # the group's total alone
        ("a.bai2", "99,250100,1,9", "99,250100,2,9"),  # the file's group count alone
        ("a.camt053.xml", '<Amt Ccy="GBP">2.50', '<Amt Ccy="GBP">2.51'),
        (
            "a.camt053.xml",
            "<NbOfNtries>1</NbOfNtries></TtlNtries>",
            "<NbOfNtries>2</NbOfNtries></TtlNtries>",
        ),
        ("a.camt053.xml", "<Sum>2.50</Sum>", "<Sum>2.49</Sum>"),
        ("a.sta", "D10,00N", "D10,01N"),
        ("a.csv", "USD,108.75", "USD,108.74"),
    ],
)
def test_totals_that_do_not_tie_refuse_the_file(name, was, now):
    assert was in WHOLE[name]
    error = refusal(name, WHOLE[name].replace(was, now, 1))
    assert error.reason_code == "FILE_CONTROL_TOTAL", str(error)


def test_balances_that_do_not_chain_through_the_lines_refuse_a_bai2_file_whose_totals_agree():
    # Closing one cent up, and with it the three totals, so that only opening + lines can tell.
    text = BAI2.replace("88,015,121025", "88,015,121026").replace("250100", "250101")
    error = refusal("a.bai2", text)
    assert error.reason_code == "FILE_CONTROL_TOTAL"
    assert "opening 100000 plus lines 21025 is not closing 121026" in str(error)


def test_a_garbled_amount_in_a_file_with_totals_refuses_the_file_and_names_the_row():
    error = refusal("a.camt053.xml", CAMT.replace('<Amt Ccy="GBP">2.50', '<Amt Ccy="GBP">2..50', 1))
    assert error.reason_code == "FILE_CONTROL_TOTAL"


def test_bai2_records_that_share_a_line_are_read():
    lines = BAI2.splitlines()
    shared = "\n".join(["".join(lines[:4]), lines[4] + lines[5], "".join(lines[6:])])
    assert read("a.bai2", shared) == read("a.bai2", BAI2)


def test_a_detail_whose_text_looks_like_a_record_is_not_split():
    text = BAI2.replace("REMIT: INV-7/", "REMIT: PERIOD 02/16,2025/")
    (statement,) = read("a.bai2", text)
    assert statement.transactions[0].remittance_text.endswith("PERIOD 02/16,2025")


def test_the_payer_of_a_labelled_bai2_detail_is_told_apart_from_its_remittance():
    (statement,) = read("a.bai2", BAI2)
    assert statement.transactions[0].payer_name == "Northwind Ltd"
    assert [line.amount_minor for line in statement.transactions] == [25050, -4025]


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE Document [<!ENTITY a "x">]>',
        '<!DOCTYPE Document [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/evil.dtd">',
    ],
)
def test_xml_with_a_document_type_is_refused_before_it_is_expanded(declaration):
    hostile = CAMT.replace("<Document ", f"{declaration}\n<Document ", 1)
    hostile = hostile.replace("<Id>S1</Id>", "<Id>&a;</Id>" if "ENTITY" in declaration else "<Id/>")
    error = refusal("a.camt053.xml", hostile)
    assert error.reason_code == "RECORD_QUARANTINED"
    assert "never needs" in str(error)


def test_a_file_too_large_for_a_statement_is_refused_unread():
    with pytest.raises(BankFileError, match="more than a statement can have"):
        read_statements("a.camt053.xml", b" " * 64_000_001, EXPONENTS)


def test_an_unknown_currency_says_what_to_do():
    error = refusal("a.bai2", BAI2.replace("4400001001,USD", "4400001001,XTS"))
    assert error.reason_code == "RECORD_QUARANTINED"
    assert "seeds/currencies.csv: add it with its exponent" in str(error)


def test_content_of_no_known_format_is_refused():
    error = refusal("notes.txt", "hello")
    assert "none of BAI2, CAMT.053, MT940, OFX, CSV" in str(error)


def test_pending_camt_entries_are_not_booked():
    text = CAMT.replace("<Cd>BOOK</Cd>", "<Cd>PDNG</Cd>").replace("12.50", "10.00")
    text = re.sub(r"<TxsSummry>.*</TxsSummry>", "", text, flags=re.DOTALL)
    (statement,) = read("a.camt053.xml", text)
    assert statement.transactions == []


def test_an_mt940_reversal_moves_against_its_letter():
    # RC takes back a credit of 10.00: opening 100.00 becomes 90.00, as with a debit.
    (statement,) = read("a.sta", MT940.replace("0304D10,00", "0304RC10,00"))
    assert statement.transactions[0].amount_minor == -1000


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("12.34", "USD", 1234),
        ("-0.05", "USD", -5),
        ("12", "USD", 1200),
        ("1250", "JPY", 1250),
        ("1.234", "KWD", 1234),
        ("0.100", "USD", 10),  # a trailing zero beyond the exponent changes nothing
        ("90071992547409.93", "USD", 9007199254740993),  # no binary fraction holds this one
    ],
)
def test_money_is_scaled_by_its_currency_exactly(text, currency, expected):
    assert minor(text, currency, EXPONENTS) == expected


@pytest.mark.parametrize(
    "text", ["", "n/a", "1e3", "1_000", "NaN", "12..34", "1,000.00", "0.001", "\u0661", "9" * 20]
)
def test_what_is_no_exact_amount_is_refused(text):
    with pytest.raises(MoneyError):
        minor(text, "USD", EXPONENTS)


def test_exponents_come_from_the_currency_seed():
    seed = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds" / "currencies.csv"
    rows = [line.split(",") for line in seed.read_text().splitlines()[1:]]
    assert exponents() == {row[0]: int(row[1]) for row in rows}
