#!/usr/bin/env python3
"""What a million photos cost: docs/costs.md, from measured times (measured.json) and list prices (prices.json).

    costs.py            fails if docs/costs.md does not say what follows from the two
    costs.py --write    writes it
"""

import argparse
import dataclasses
import json
import math
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE.parent.parent / "docs" / "costs.md"
MILLION = 1_000_000
# At this size a function has one whole processor (AWS Lambda developer guide, "Configure Lambda function memory").
WHOLE_PROCESSOR = 1769
SIZES = [1769, 3008, 5307]
BATCH = 10
# Objects in one invocation of a Distributed Map, as infra/README.md advises.
MAP_BATCH = 50
# Keys that one listing of a bucket tells.
LISTED = 1000


@dataclasses.dataclass(frozen=True)
class Photo:
    """What one photo takes, as measured.json has it."""

    name: str
    # Seconds of a whole processor.
    processor: float
    # Seconds of waiting for S3 and DynamoDB, which are assumed, not measured.
    waiting: float
    log_bytes: float
    # The same of an invocation, beside its photos.
    log_bytes_invocation: float
    row_bytes: float

    def log_gb(self, each: int) -> float:
        """Gigabytes of log lines of a million photos, so many an invocation."""
        return (self.log_bytes + self.log_bytes_invocation / each) * MILLION / 1e9

    def alone(self, memory: int) -> float:
        """Seconds of an invocation with this photo alone: one thread works on it."""
        return self.waiting + self.processor / min(memory / WHOLE_PROCESSOR, 1)

    def batched(self, memory: int, size: int) -> float:
        """Seconds for each photo of an invocation with several: all wait at the same time, and share what there is
        of processors."""
        return self.waiting / size + self.processor * WHOLE_PROCESSOR / memory


def lambda_cost(prices: dict, processor: str, memory: int, seconds: float, photos_each: int) -> float:
    """Dollars of a million photos: run time, rounded up to a millisecond, and requests."""
    invocations = MILLION / photos_each
    billed = math.ceil(seconds * photos_each * 1000) / 1000
    return (
        invocations * billed * memory / 1024 * prices[f"lambda_gb_second_{processor}"]
        + prices["lambda_million_requests"] / photos_each
    )


def table_cost(prices: dict, row_bytes: float, key: int = 60) -> float:
    """Dollars of a million rows that are new: a consistent read of nothing, a write, and the index's write."""
    # A key is in the row three times: by itself, in its name, and in its bucket's.
    units = math.ceil((row_bytes + 2 * key) / 1024)
    return prices["dynamodb_million_read_units"] + (units + 1) * prices["dynamodb_million_write_units"]


def senders(prices: dict) -> dict[str, tuple[float, int]]:
    """For each way in which photos come: dollars of a million beside the function's, and photos an invocation."""
    sqs = prices["sqs_million_requests"]
    per_object = prices["s3_batch_million_objects"] + prices["s3_batch_job"]
    transitions = prices["states_million_transitions"]
    lists = prices["s3_million_lists"] / LISTED
    return {
        # S3 sends one by one; Lambda takes and deletes.
        "through the queue, one now and then": (3 * sqs, 1),
        "through the queue, many at once": (sqs + 2 * sqs / BATCH, BATCH),
        "`lookbook backfill --queue`, in tens": (lists + 3 * sqs / BATCH, BATCH),
        "S3 Batch Operations": (per_object, 1),
        # Each child is one transition that starts it and one that invokes.
        "Step Functions, Distributed Map, standard children": (lists + 2 * transitions / MAP_BATCH, MAP_BATCH),
    }


def page(prices_file: dict, measured: dict) -> str:
    """The whole page."""
    prices = {name: price["usd"] for name, price in prices_file["prices"].items()}
    photos = [
        Photo(
            one["name"],
            one["processor_s"],
            measured["assumed_waiting_s"],
            measured["log_bytes"],
            measured["log_bytes_invocation"],
            measured["row_bytes"],
        )
        for one in measured["photos"]
    ]
    usual = next(photo for photo in photos if photo.name == measured["usual"])
    parts = [INTRODUCTION.format(date=prices_file["read"], region=prices_file["region"])]
    parts.append(by_memory(prices, photos))
    parts.append(by_way(prices, usual))
    parts.append(beside(prices, usual))
    parts.append(free(prices_file["free_each_month"], prices, usual))
    parts.append(sources(prices_file, measured, photos))
    return "\n".join(parts)


def dollars(amount: float) -> str:
    return f"{amount:.2f}"


def table(head: list[str], rows: list[list[str]], left: int = 1) -> str:
    """A Markdown table; all columns but the first ones are numbers."""
    rule = ["---"] * left + ["---:"] * (len(head) - left)
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *rows]) + "\n"


def by_memory(prices: dict, photos: list[Photo]) -> str:
    rows = [
        [
            f"{memory}",
            photo.name,
            f"{photo.alone(memory) * 1e3:.0f}",
            f"{photo.batched(memory, BATCH) * 1e3:.0f}",
            *(
                dollars(lambda_cost(prices, processor, memory, seconds, each))
                for processor in ("arm64", "x86_64")
                for seconds, each in ((photo.alone(memory), 1), (photo.batched(memory, BATCH), BATCH))
            ),
        ]
        for memory in SIZES
        for photo in photos
    ]
    head = [
        "`MemorySize`",
        "photo",
        "ms alone",
        "ms in tens",
        "arm64, alone",
        "arm64, in tens",
        "x86-64, alone",
        "x86-64, in tens",
    ]
    return FUNCTION + "\n" + table(head, rows, left=2)


def by_way(prices: dict, photo: Photo) -> str:
    memory = WHOLE_PROCESSOR
    rows = []
    for name, (sender, each) in senders(prices).items():
        seconds = photo.alone(memory) if each == 1 else photo.batched(memory, each)
        parts = [
            sender,
            lambda_cost(prices, "arm64", memory, seconds, each),
            prices["s3_million_gets"],
            table_cost(prices, photo.row_bytes),
            photo.log_gb(each) * prices["logs_gb"],
        ]
        x86 = sum(parts) - parts[1] + lambda_cost(prices, "x86_64", memory, seconds, each)
        rows.append([name, *map(dollars, parts), f"**{dollars(sum(parts))}**", dollars(x86)])
    head = ["how they come", "sent by", "function", "S3", "table", "log", "**all, arm64**", "all, x86-64"]
    return WAYS + "\n" + table(head, rows)


def beside(prices: dict, photo: Photo) -> str:
    stored = photo.row_bytes * 1.9 * MILLION / 1e9
    rows = [
        ["rows and their index, a million", f"{stored:.1f} GB", dollars(stored * prices["dynamodb_gb_month"])],
        [
            "their backup (`PointInTimeRecovery`)",
            f"{stored:.1f} GB",
            dollars(stored * prices["dynamodb_backup_gb_month"]),
        ],
        ["an idle queue, which Lambda asks", "0.65 million requests", dollars(0.65 * prices["sqs_million_requests"])],
        ["a metric of lookbook's", "each", dollars(prices["metric_month"])],
        ["an alarm", "each", dollars(prices["alarm_month"])],
        ["a dashboard", "each", dollars(prices["dashboard_month"])],
    ]
    return BESIDE + "\n" + table(["what", "how much", "$ a month"], rows, left=2)


def free(free_: dict, prices: dict, photo: Photo) -> str:
    memory = WHOLE_PROCESSOR
    seconds = photo.batched(memory, BATCH)
    by_time = free_["lambda_gb_seconds"] / (seconds * memory / 1024)
    alone = free_["lambda_gb_seconds"] / (photo.alone(memory) * memory / 1024)
    logs = free_["logs_gb"] / photo.log_gb(BATCH) * MILLION
    queue = free_["sqs_requests"] / (1 + 2 / BATCH)
    rows = [
        ["Lambda, 400,000 GB-seconds", f"{by_time / 1e6:.1f} million in tens, {alone / 1e6:.1f} million one by one"],
        ["Lambda, a million requests", f"{free_['lambda_requests'] * BATCH / 1e6:.0f} million in tens, 1 million one by one"],
        ["SQS, a million requests", f"{queue / 1e6:.2f} million in tens, less what an idle queue is asked"],
        ["CloudWatch Logs, 5 GB", f"{logs / 1e6:.0f} million in tens"],
        ["DynamoDB, 25 GB stored", f"{25e9 / (photo.row_bytes * 1.9) / 1e6:.0f} million rows"],
        ["DynamoDB, requests", "none: on-demand has no free ones"],
        ["S3", "none that does not end"],
    ]
    cheapest = prices["s3_million_gets"] + table_cost(prices, photo.row_bytes)
    words = FREE.format(rest=dollars(cheapest / 1000), tenth=dollars(cheapest / 10))
    return words + "\n" + table(["free each month", "photos that it is enough for"], rows, left=2)


def sources(prices_file: dict, measured: dict, photos: list[Photo]) -> str:
    rows = [
        [name.replace("_", " "), price["page"], f"{price['usd']:.10f}".rstrip("0").rstrip(".")]
        for name, price in prices_file["prices"].items()
    ]
    times = ", ".join(f"{photo.name}: {photo.processor * 1e3:.1f} ms" for photo in photos)
    return SOURCES.format(
        times=times,
        machine=measured["machine"],
        date=measured["date"],
        waiting=f"{measured['assumed_waiting_s'] * 1e3:.0f}",
        log=f"{measured['log_bytes']:.0f}",
        log_each=f"{measured['log_bytes_invocation']:.0f}",
        row=f"{measured['row_bytes']:.0f}",
    ) + "\n" + table(["price", "page", "$"], rows, left=2)


INTRODUCTION = """<!-- Written by infra/costs/costs.py: `just costs --write`. -->

# What it costs

For a million photos, in US dollars, at the list prices of {region} as of {date}, before taxes. It is computed
(`just costs`) from measured times and from the prices below, which were taken down by hand from public sources that
quote these pages: hold them against the pages before you rely on them. Nothing here has been read off a bill.
"""

FUNCTION = """## The function

Dollars of a million photos for run time and requests. A photo alone uses one processor, so more memory than
1769 MB makes it no faster, only dearer. Photos that come together share all processors of the function.
"""

WAYS = """## All of it, by the way photos come

Photos of 2 megapixels, at 1769 MB, each new to the table. A photo that has its row already costs a `HEAD` in place of
the function's time and the `GET`.
"""

BESIDE = """## What does not depend on photos that come
"""

FREE = """## What the free tier covers

These are the allowances without an end; an account shares them among all that it has. Within them, the first
hundred thousand photos of a month cost about ${tenth}, for the table's and the bucket's requests.
"""

SOURCES = """## Where the numbers come from

- Time of a processor for a photo, measured with the packaged x86-64 function on {machine}, {date}:
  {times}.
  arm64 was not measured: the same time is assumed.
- Waiting for S3 and DynamoDB: {waiting} ms a photo are assumed, not measured. Several photos of an invocation wait at
  the same time.
- Log lines: {log} bytes a photo, {log_each} an invocation with its metrics. A row: {row} bytes and twice the key. Both
  measured.
- Cold starts are left out: an init phase is billed like any other time, and takes about as long as a photo or two
  ([cold-start.md](cold-start.md)).
- Sending between services of one region is free, and so are the notifications of the bucket.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    words = page(json.loads((HERE / "prices.json").read_text()), json.loads((HERE / "measured.json").read_text()))
    if options.write:
        PAGE.write_text(words)
    elif not PAGE.exists() or PAGE.read_text() != words:
        sys.exit("costs.py: docs/costs.md is stale: just costs --write")


if __name__ == "__main__":
    main()
