"""PyPI's carta-ach reads our bank files: every credit is found as it was asked for.

Usage: read_ach.py FOLDER
"""

import hashlib
import json
import sys
from pathlib import Path

from ach.parser import Parser


def found(entry):
    detail = entry["entry_detail"]
    memo = entry["addenda"][0]["pmt_rel_info"].rstrip() if entry["addenda"] else None
    return (
        detail["transaction_code"],
        detail["recv_dfi_id"] + detail["check_digit"],
        detail["dfi_acnt_num"].rstrip(),
        int(detail["amount"]),
        detail["ind_name"].rstrip(),
        memo,
    )


def asked(credit):
    memo = credit["memo"] and f"RMR*IV*{credit['memo']}**{credit['amount']}\\"
    return credit["code"], credit["routing"], credit["account"], credit["cents"], credit["name"], memo


def main():
    files = sorted(Path(sys.argv[1]).glob("*.ach"))
    credits = 0
    for path in files:
        told = json.loads(path.with_suffix(".json").read_text())
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != told["sha256"]:
            sys.exit(f"{path}: another hash than beside it")
        read = Parser(data.decode("ascii")).as_dict()
        entries = [found(entry) for batch in read["batches"] for entry in batch["entries"]]
        entries = [entry for entry in entries if entry[0] not in ("27", "37")]
        wanted = [asked(credit) for credit in told["credits"]]
        if entries != wanted:
            sys.exit(f"{path}: {entries}, not {wanted}")
        if int(read["file_control"]["credit_amount"]) != told["sum"]:
            sys.exit(f"{path}: another sum than beside it")
        credits += len(entries)
    if not files:
        sys.exit("there is no file")
    print(f"carta-ach: {len(files)} files read, {credits} credits as asked for")


if __name__ == "__main__":
    main()
