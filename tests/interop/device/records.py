"""Does with the device's RecordLog what it is told: jobs in JSON come in, what they lead to goes out."""

import json
import sys
from binascii import a2b_base64, b2a_base64

from fs import HeapBlockDevice, RecordLog

RECORD_MAX = 60


def text(data):
    return str(b2a_base64(data), "ascii").strip()


def run(job):
    device = HeapBlockDevice(**job["geometry"])
    if job["image"] is not None:
        device.load(a2b_base64(job["image"]))
    log = RecordLog(device, RECORD_MAX, block_size=job["block_size"])
    for kind, *arguments in job["steps"]:
        if kind == "append":
            log.append(a2b_base64(arguments[0]))
        elif kind == "prepare":
            log.prepare()
        elif kind == "reset":
            log.reset()
        else:
            log.deinit()
            log = RecordLog(device, RECORD_MAX, block_size=job["block_size"])
    reader = log.reader()
    found = {str(number): text(record) for number, record in reader}
    result = {"records": found, "next": log.next(), "image": text(device.image())}
    log.deinit()
    return result


json.dump([run(job) for job in json.load(sys.stdin)], sys.stdout)
