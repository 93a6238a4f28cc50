"""The report of `regulars report ORDERS --customers CUSTOMERS --by country`, written by hand for DuckDB and for polars.

An activity window of twelve months and periods of a month: a customer who bought in month m is active at the
boundaries m + 1 to m + 12. So the movements follow from the months in which each customer bought, and the gaps
between them. Prints JSON rows: period, country, opening, new, reactivated, lost, closing, buyers, repeat_buyers,
orders, revenue.
"""

import json
import sys

THREADS = 2
ALL = "(all)"


def label(month):
    return f"{month // 12:04}-{month % 12 + 1:02}"


def finish(movements, months_seen, countries):
    """Opening and closing from the movements, for every month and country."""
    rows = []
    for country in [ALL, *sorted(countries)]:
        active = 0
        for month in range(months_seen[0], months_seen[1] + 1):
            zero = (0, 0, 0, 0, 0, 0, 0)
            new, back, lost, buyers, repeat, orders, revenue = movements.get((month, country), zero)
            opening, active = active, active + new + back - lost
            counts = [opening, new, back, lost, active, buyers, repeat, orders, revenue]
            rows.append([label(month), country, *counts])
    return rows


DUCKDB = """
with orders as (
    select customer_id, ordered_at, amount
    from read_csv('{orders}', columns = {{'order_id': 'BIGINT', 'customer_id': 'VARCHAR', 'ordered_at': 'TIMESTAMP',
        'status': 'VARCHAR', 'channel': 'VARCHAR', 'currency': 'VARCHAR', 'amount': 'DECIMAL(12,2)', 'email': 'VARCHAR'}},
        header = true, auto_detect = false)
    where status <> 'cancelled'
),
months as (
    select customer_id, (year(ordered_at) * 12 + month(ordered_at) - 1)::int as m, count(*)::int as n,
        sum(amount) as revenue, min(ordered_at)::date as first_day
    from orders group by all
),
gaps as (
    select customer_id, m, n, revenue,
        m - lag(m) over w as before, lead(m) over w - m as after,
        min(first_day) over (partition by customer_id) as first_purchase
    from months window w as (partition by customer_id order by m)
),
listed as (
    select id, coalesce(country, '(none)') as country, signup
    from read_csv('{customers}', columns = {{'id': 'VARCHAR', 'country': 'VARCHAR', 'tier': 'VARCHAR', 'signup': 'DATE'}},
        header = true, auto_detect = false)
),
events as (
    select g.*, coalesce(l.country, '(none)') as country,
        least(first_purchase, coalesce(signup, first_purchase)) >= make_date(m // 12, m % 12 + 1, 1) as is_first
    from gaps g left join listed l on g.customer_id = l.id
),
last as (select max(m) as m from months),
bought as (
    select m, country,
        count(*) filter (before is null or before > 12) as came,
        count(*) filter ((before is null or before > 12) and is_first) as new,
        count(*) as buyers, count(*) filter (n > 1) as repeat, sum(n) as orders, sum(revenue) as revenue
    from events group by grouping sets ((m), (m, country))
),
gone as (
    select m + 12 as m, country, count(*) as lost
    from events where (after is null or after > 12) and m + 12 <= (select m from last)
    group by grouping sets ((m), (m, country))
)
select m, coalesce(country, '(all)'), coalesce(new, 0), coalesce(came - new, 0), coalesce(lost, 0),
    coalesce(buyers, 0), coalesce(repeat, 0), coalesce(orders, 0), coalesce(revenue, 0)::double
from bought full join gone using (m, country)
"""


def duckdb(orders, customers):
    import duckdb

    connection = duckdb.connect(config={"threads": THREADS})
    rows = connection.execute(DUCKDB.replace("using (m, country)", "on bought.m = gone.m and bought.country is not distinct from gone.country")
        .replace("select m, coalesce(country,", "select coalesce(bought.m, gone.m), coalesce(bought.country, gone.country,")
        .format(orders=orders, customers=customers)).fetchall()
    countries = connection.execute(f"select distinct coalesce(country, '(none)') from read_csv('{customers}')").fetchall()
    return rows, {country for (country,) in countries}


def polars(orders, customers):
    import polars as pl

    months = (
        pl.scan_csv(orders, schema_overrides={"customer_id": pl.String, "amount": pl.Float64})
        .select("customer_id", "ordered_at", "status", "amount")
        .filter(pl.col("status") != "cancelled")
        .with_columns(
            m=pl.col("ordered_at").str.slice(0, 4).cast(pl.Int32) * 12
            + pl.col("ordered_at").str.slice(5, 2).cast(pl.Int32) - 1,
            day=pl.col("ordered_at").str.slice(0, 10),
            # Cents, so that sums are exact.
            cents=(pl.col("amount") * 100).round().cast(pl.Int64),
        )
        .group_by("customer_id", "m")
        .agg(n=pl.len(), cents=pl.col("cents").sum(), first_day=pl.col("day").min())
        .collect(engine="in-memory")
        .sort("customer_id", "m")
    )
    same_before = pl.col("customer_id") == pl.col("customer_id").shift(1)
    same_after = pl.col("customer_id") == pl.col("customer_id").shift(-1)
    listed = pl.read_csv(customers, columns=["id", "country", "signup"]).with_columns(pl.col("country").fill_null("(none)"))
    first = months.group_by("customer_id").agg(first=pl.col("first_day").min())
    events = (
        months.with_columns(
            before=pl.when(same_before).then(pl.col("m") - pl.col("m").shift(1)),
            after=pl.when(same_after).then(pl.col("m").shift(-1) - pl.col("m")),
        )
        .join(first, on="customer_id")
        .join(listed, left_on="customer_id", right_on="id", how="left")
        .with_columns(
            pl.col("country").fill_null("(none)"),
            first_ever=pl.min_horizontal("first", pl.col("signup").fill_null("9999-12-31")),
        )
        .with_columns(
            came=pl.col("before").is_null() | (pl.col("before") > 12),
            goes=pl.col("after").is_null() | (pl.col("after") > 12),
            is_first=pl.col("first_ever")
            >= (pl.col("m") // 12).cast(pl.String) + "-" + (pl.col("m") % 12 + 1).cast(pl.String).str.zfill(2) + "-01",
        )
    )
    last = events["m"].max()
    rows = {}
    for keys in (["m"], ["m", "country"]):
        bought = events.group_by(keys).agg(
            new=(pl.col("came") & pl.col("is_first")).sum(),
            back=(pl.col("came") & ~pl.col("is_first")).sum(),
            buyers=pl.len(),
            repeat=(pl.col("n") > 1).sum(),
            orders=pl.col("n").sum(),
            cents=pl.col("cents").sum(),
        )
        gone = events.filter(pl.col("goes") & (pl.col("m") + 12 <= last)).group_by(keys).agg(lost=pl.len())
        for row in bought.iter_rows(named=True):
            rows[row["m"], row.get("country", ALL)] = [
                row["new"], row["back"], 0, row["buyers"], row["repeat"], row["orders"], row["cents"] / 100
            ]
        for row in gone.iter_rows(named=True):
            key = (row["m"] + 12, row.get("country", ALL))
            rows.setdefault(key, [0] * 7)[2] = row["lost"]
    return [(m, country, *counts) for (m, country), counts in rows.items()], set(listed["country"])


def scan_polars(orders):
    import polars as pl

    columns = ["customer_id", "ordered_at", "status", "amount"]
    lengths = [pl.col(name).str.len_bytes().sum() for name in columns[:3]]
    print(pl.scan_csv(orders).select(columns).select(*lengths, pl.col("amount").sum()).collect(engine="streaming"))


def scan_duckdb(orders):
    import duckdb

    connection = duckdb.connect(config={"threads": THREADS})
    query = "select sum(length(customer_id)), max(ordered_at), sum(length(status)), sum(amount)"
    print(connection.execute(f"{query} from read_csv('{orders}')").fetchall())


def main():
    import os

    os.environ["POLARS_MAX_THREADS"] = str(THREADS)
    tool, orders, customers = sys.argv[1:4]
    if tool == "polars-scan":
        return scan_polars(orders)
    if tool == "duckdb-scan":
        return scan_duckdb(orders)
    rows, countries = {"duckdb": duckdb, "polars": polars}[tool](orders, customers)
    movements = {(row[0], row[1]): row[2:] for row in rows}
    months = [month for month, _ in movements]
    print(json.dumps(finish(movements, (min(months), max(months)), countries)))


main()
