"""Answers what state/zone answers, by Python's zoneinfo and datetime: see peer_kafka_test.go.

python3 peer.py zoneinfo.zip < questions > answers

A question is a line: a zone, then words behind tabs. Its answer is a line of as many words.
    L<ms>   a wall-clock time: earlier,later,compatible,reject; in ms since 1970, reject also skipped or repeated
    U<ms>   an instant: what people are shown
"""
import io
import sys
import zipfile
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1)
MILLISECOND = timedelta(milliseconds=1)


def resolve(zone, wall):
    """PEP 495: fold=0 and fold=1 are the offsets before and after a change where it matters, else they are one."""
    instants, shown = [], []
    for fold in (0, 1):
        offset = wall.replace(tzinfo=zone, fold=fold).utcoffset()
        instant = wall - offset
        instants.append(instant)
        back = instant.replace(tzinfo=timezone.utc).astimezone(zone).replace(tzinfo=None, fold=0)
        if back == wall:
            shown.append(instant)
    reject = None
    if shown:
        earlier, later = min(shown), max(shown)
        compatible = earlier
        reject = "repeated" if earlier != later else None
    else:
        earlier, later = min(instants), max(instants)
        compatible = later
        reject = "skipped"
    words = [str((each - EPOCH) // MILLISECOND) for each in (earlier, later, compatible)]
    return ",".join(words + [reject or words[2]])


def display(zone, instant):
    local = instant.replace(tzinfo=timezone.utc).astimezone(zone)
    text = local.strftime("%d-%%m-%%d %%H:%%M:%%S" % local.year) if local.year > 999 else ""
    if local.microsecond:
        text += (".%03d" % (local.microsecond // 1000)).rstrip("0")
    offset = local.utcoffset() // timedelta(seconds=1)
    minutes, seconds = divmod(abs(offset), 60)
    text += " %s%02d:%02d" % ("-" if offset < 0 else "+", minutes // 60, minutes % 60)
    if seconds:
        text += ":%02d" % seconds
    name = local.tzname()
    return text if name[0] in "+-" else text + " " + name


def main():
    archive = zipfile.ZipFile(sys.argv[1])
    for line in sys.stdin:
        name, *questions = line.rstrip("\n").split("\t")
        zone = ZoneInfo.from_file(io.BytesIO(archive.read(name)), key=name)
        answers = []
        for question in questions:
            at = EPOCH + int(question[1:]) * MILLISECOND
            answers.append(resolve(zone, at) if question[0] == "L" else display(zone, at))
        print("\t".join(answers))


main()
