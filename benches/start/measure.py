"""Times the start of functions, in turn: until each asks for its first event, and until it has answered it.

    measure.py --function NAME=PROGRAM... --website NAME=PROGRAM... --peer PYTHON [--rounds N] [--cores 0,1]
               [--then N] [--photo FILE] [--out FILE]

A `function` classifies a photo from a bucket and writes a row; a `website` classifies the same photo as a request to
its address; the peer is peer.py in that Python. `--then` goes on with so many photos one by one, and as many again in
batches of ten. Prints a table, and writes all figures to FILE.
"""

import argparse
import base64
import dataclasses
import hashlib
import json
import os
import pathlib
import platform
import statistics
import subprocess
import tempfile
import time

from cloud import Cloud

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BEGIN, END = "<!-- begin figures -->", "<!-- end figures -->"
TOKEN = "not-a-secret-of-anybody"


def notification(number: int = 1) -> dict:
    """One photo was put into the bucket."""
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventName": "ObjectCreated:Put",
        "s3": {
            "bucket": {"name": "photos"},
            "object": {"key": f"products/dress-{number}.jpg", "sequencer": "0055AED6DCD90281E5"},
        },
    }
    return {"Records": [record]}


def batch(numbers: range) -> dict:
    """The same of several photos, as the queue hands them over."""
    messages = [
        {"messageId": f"m{number}", "eventSource": "aws:sqs", "body": json.dumps(notification(number))}
        for number in numbers
    ]
    return {"Records": messages}


def request(photo: bytes) -> dict:
    """A Function URL's event: a photo is sent in."""
    host = "abc.lambda-url.us-east-1.on.aws"
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/api/classify",
        "rawQueryString": "",
        "headers": {
            "host": host,
            "authorization": f"Bearer {TOKEN}",
            "content-type": "application/octet-stream",
            "content-length": str(len(photo)),
        },
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "abc",
            "domainName": host,
            "domainPrefix": "abc",
            "http": {
                "method": "POST",
                "path": "/api/classify",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "measure.py",
            },
            "requestId": "id",
            "routeKey": "$default",
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1767225600000,
        },
        "body": base64.b64encode(photo).decode(),
        "isBase64Encoded": True,
    }


def environment(cloud: Cloud) -> dict[str, str]:
    """What Lambda sets, and where AWS is."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "AWS_LAMBDA_RUNTIME_API": cloud.address,
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "AWS_LAMBDA_LOG_GROUP_NAME": "g",
        "AWS_LAMBDA_LOG_STREAM_NAME": "s",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_EXECUTION_ENV": "AWS_Lambda_provided.al2023",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nobody",
        "AWS_SESSION_TOKEN": "nobody",
        "AWS_ENDPOINT_URL": f"http://{cloud.address}",
        "TABLE_NAME": "catalogue",
        "WEB_TOKEN_SHA256": hashlib.sha256(TOKEN.encode()).hexdigest(),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }


@dataclasses.dataclass(frozen=True)
class Work:
    """A function, and what it is asked."""

    command: list[str]
    event: dict
    # Whether it takes batches of a queue.
    takes_batches: bool = False


def run(work: Work, photo: bytes, cores: set[int] | None, then: int) -> dict[str, float]:
    """One start, from nothing to the first answer and what follows: seconds, seconds of processor, and bytes."""
    cloud = Cloud(photo)
    if cores:
        # Only while it is started: what answers it works on all of them.
        all_cores = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cores)
    said = tempfile.TemporaryFile()
    started = time.perf_counter()
    child = subprocess.Popen(work.command, env=environment(cloud), stdout=said, stderr=subprocess.DEVNULL)
    if cores:
        os.sched_setaffinity(0, all_cores)
    try:
        ready, _ = cloud.moment("ready")
        figure = {"ready": ready - started, "cpu_ready": processor_of(child.pid)}
        figure["first"], answer = invoke(cloud, work.event)
        figure["answered"] = figure["ready"] + figure["first"]
        # In a row of the table, or in the answer itself.
        if b"dress" not in cloud.written + answer + decoded(answer):
            raise RuntimeError(f"{work.command[0]} did not classify the photo: {answer[:500]!r}")
        figure["log_bytes"] = os.fstat(said.fileno()).st_size
        figure["row_bytes"] = row_bytes(cloud.written)
        figure |= {f"asked_{name}": count for name, count in cloud.asked.items()}
        figure |= goes_on(cloud, child.pid, work, then, said.fileno())
    finally:
        child.kill()
        _, _, usage = os.wait4(child.pid, 0)
        child.returncode = 0
        cloud.close()
        said.close()
    return figure | {"peak": usage.ru_maxrss * 1024}


def goes_on(cloud: Cloud, process: int, work: Work, then: int, said: int) -> dict[str, float]:
    """What a photo takes when the function is warm: alone, and in batches of ten."""
    if not then or not work.takes_batches:
        return {}
    cloud.moment("ready")
    before, silent = processor_of(process), os.fstat(said).st_size
    alone = []
    for number in range(then):
        alone.append(invoke(cloud, batch(range(number, number + 1)))[0])
        cloud.moment("ready")
    between, spoken = processor_of(process), os.fstat(said).st_size
    together = []
    for number in range(0, then, 10):
        together.append(invoke(cloud, batch(range(1000 + number, 1010 + number)))[0] / 10)
        cloud.moment("ready")
    return {
        "warm_alone": statistics.median(alone),
        "warm_alone_cpu": (between - before) / then,
        "log_bytes_alone": (spoken - silent) / then,
        "log_bytes_batched": (os.fstat(said).st_size - spoken) / (len(together) * 10),
        "warm_batch": statistics.median(together),
        "warm_batch_cpu": (processor_of(process) - between) / (len(together) * 10),
    }


def invoke(cloud: Cloud, event: dict) -> tuple[float, bytes]:
    """Seconds until the function has answered, and its answer."""
    before = time.perf_counter()
    cloud.invoke(event)
    after, answer = cloud.moment("response")
    return after - before, answer


def row_bytes(update: bytes) -> int:
    """What a written row has, by DynamoDB's rule: the bytes of all names and values."""
    if not update:
        return 0
    asked = json.loads(update)
    names, values = asked.get("ExpressionAttributeNames", {}), asked.get("ExpressionAttributeValues", {})
    row = asked.get("Item") or {
        names[f"#{value[1:]}"]: what for value, what in values.items() if f"#{value[1:]}" in names
    }
    return sum(len(name) + value_bytes(what) for name, what in (row | asked.get("Key", {})).items())


def value_bytes(value: dict) -> int:
    """A number has a byte for two digits and one more, a map three and one for each entry."""
    ((kind, what),) = value.items()
    if kind == "M":
        return 3 + sum(1 + len(name) + value_bytes(inner) for name, inner in what.items())
    return len(what.strip("-0.").replace(".", "")) // 2 + 2 if kind == "N" else len(str(what))


def decoded(answer: bytes) -> bytes:
    """The body of a website's answer."""
    body = json.loads(answer)
    if not isinstance(body, dict) or not body.get("isBase64Encoded"):
        return b""
    return base64.b64decode(body["body"])


def processor_of(process: int) -> float:
    """Seconds of processor that a process has had."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def machine() -> dict[str, object]:
    """What a reader needs to judge the figures."""
    info = pathlib.Path("/proc/cpuinfo").read_text()
    name = next((line.split(":", 1)[1].strip() for line in info.splitlines() if line.startswith("model name")), "")
    return {
        "date": time.strftime("%Y-%m-%d"),
        "processor": name or platform.processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 1),
    }


def named(text: str) -> tuple[str, str]:
    """NAME=PROGRAM."""
    name, program = text.split("=", 1)
    return name, program


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--function", type=named, action="append", default=[])
    parser.add_argument("--website", type=named, action="append", default=[])
    parser.add_argument("--peer", help="the Python that has requirements.txt")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--cores", help="on which cores: 0, or 0,1 [all]")
    parser.add_argument("--then", type=int, default=0, help="photos after the first, a multiple of ten")
    parser.add_argument("--photo", type=pathlib.Path, default=ROOT / "events/photos/dress-1.jpg")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--docs", type=pathlib.Path, help="a page whose figures are written anew")
    options = parser.parse_args()

    photo = options.photo.read_bytes()
    cores = {int(core) for core in options.cores.split(",")} if options.cores else None
    model = ROOT / "model"
    works = {name: Work([program], notification(), takes_batches=True) for name, program in options.function}
    works |= {name: Work([program], request(photo)) for name, program in options.website}
    if options.peer:
        command = [options.peer, str(HERE / "peer.py"), str(model / "clothing.tflite"), str(model / "clothing.toml")]
        works["Python"] = Work(command, notification())

    figures: dict[str, list[dict]] = {name: [] for name in works}
    # The first round only fills the caches of the disk.
    for turn in range(options.rounds + 1):
        for name, work in works.items():
            figure = run(work, photo, cores, options.then)
            if turn:
                figures[name].append(figure)
    medians = {
        name: {part: statistics.median(one[part] for one in all_) for part in all_[0]}
        | {f"least_{part}": min(one[part] for one in all_) for part in ("ready", "first", "answered")}
        for name, all_ in figures.items()
    }
    words = table(medians)
    print(words)
    for name, of in medians.items():
        if "warm_alone" in of:
            alone, batch_ = of["warm_alone"] * 1e3, of["warm_batch"] * 1e3
            print(f"{name}, warm: {alone:.1f} ms a photo alone, {batch_:.1f} ms in batches of ten")
    if options.docs:
        write(options.docs, f"{about_machine(options.cores, options.rounds)}\n\n{words}")
    if options.out:
        about = {"rounds": options.rounds, "on_cores": options.cores or "all", "photo_bytes": len(photo)}
        result = {"machine": machine(), **about, "medians": medians}
        options.out.write_text(json.dumps(result, indent=1) + "\n")


def about_machine(cores: str | None, rounds: int) -> str:
    """A line that a reader needs to judge the figures."""
    of = machine()
    where = "all" if cores is None else len(cores.split(","))
    return (
        f"{of['processor']}, {where} of {of['cores']} processors, {of['system']}, {of['date']}. {rounds} starts of "
        f"each, in turn; load when they ended: {of['load']}."
    )


def write(page: pathlib.Path, words: str) -> None:
    """Puts words between the marks of a page."""
    text = page.read_text()
    before, rest = text.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    page.write_text(f"{before}{BEGIN}\n\n{words}\n\n{END}{after}")


def table(medians: dict[str, dict]) -> str:
    """Medians, and the least in brackets."""
    lines = [
        "| | ready, ms | first photo after that, ms | both, ms | processor until ready, ms | peak memory, MB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, of in medians.items():
        cells = [f"{of[part] * 1e3:.0f} ({of[f'least_{part}'] * 1e3:.0f})" for part in ("ready", "first", "answered")]
        cells += [f"{of['cpu_ready'] * 1e3:.0f}", f"{of['peak'] / 1e6:.0f}"]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
