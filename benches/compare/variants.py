"""What the same orders take in other forms than a plain file: quoted, packed, in lines, in no order, and so on.

Usage: variants.py REGULARS FOLDER [RUNS]. FOLDER holds the files of `bench_data FOLDER variants`. The numbers of all
forms must be those of the plain file, but for the lines of orders, whose amounts are the same. Forms take turns.
"""

import glob
import sys

from compare import measure, run


def main():
    regulars, folder = sys.argv[1], sys.argv[2]
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    flags = ["--customers", f"{folder}/customers.csv", "--by", "country", "--format", "csv"]
    flags += ["--include-incomplete", "--quiet"]

    def report(*files, more=()):
        return [regulars, "report", *files, *flags, *more]

    plain = f"{folder}/orders.csv"
    forms = {
        "plain": report(plain),
        "one thread": report(plain, more=["--threads", "1"]),
        "quoted fields": report(f"{folder}/quoted.csv"),
        "order lines (1.56 rows an order)": report(f"{folder}/lines.csv"),
        "gzip": report(f"{plain}.gz"),
        "zstd": report(f"{plain}.zst"),
        "Windows-1252": report(f"{folder}/windows-1252.csv"),
        "twelve files": report(*sorted(glob.glob(f"{folder}/part-*.csv"))),
        "in no order": report(f"{folder}/shuffled.csv"),
        "standard input": ["sh", "-c", 'exec "$0" "$@" < ' + plain, *report("-")],
        "eight segments more (--by tier, channel)": report(plain, more=["--by", "tier", "--by", "channel"]),
    }
    out = f"{folder}/out.csv"
    for name, more in {"to a file": ["--no-manifest"], "to a file, with its manifest": []}.items():
        forms[name] = ["sh", "-c", f'"$0" "$@" -o {out} && cat {out}', *report(plain, more=more)]
    expected = run(forms["plain"])[2]
    for name, command in forms.items():
        if "segments" not in name and run(command)[2] != expected:
            sys.exit(f"{name}: other numbers than those of the plain file")
    print(f"{len(forms) - 2} other forms: all numbers as those of the plain file")
    measure(forms, runs, "plain", 42)
    print("\nratio: how many times as long as the plain file")


if __name__ == "__main__":
    main()
