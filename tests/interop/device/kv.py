"""Does with the device's TDBStore what it is told: jobs in JSON come in, what they lead to goes out."""

import json
import sys
from binascii import a2b_base64, b2a_base64

from fs import HeapBlockDevice, TDBStore


def step(kv, kind, key=None, value=None, once=False):
    if kind == "set":
        kv.set(key, a2b_base64(value), write_once=once)
    elif kind == "stream":
        data = a2b_base64(value)
        with kv.writer(key, len(data), write_once=once) as writer:
            for at in range(0, len(data), 7):
                writer.write(data[at : at + 7])
    elif kind == "remove":
        kv.remove(key)
    elif kind == "collect":
        kv.collect(3)
    elif kind == "reset":
        kv.reset()


def value_of(kv, key):
    """None: it is lost."""
    try:
        return text(kv[key])
    except OSError:
        return None


def text(data):
    return str(b2a_base64(data), "ascii").strip()


def run(job):
    device = HeapBlockDevice(**job["geometry"])
    if job["image"] is None:
        TDBStore.mkfs(device)
    else:
        device.load(a2b_base64(job["image"]))
    result = {"errors": [], "mount": 0}
    try:
        kv = TDBStore(device)
    except OSError as error:
        result["mount"] = error.errno
        return result
    for each in job["steps"]:
        code = 0
        try:
            if each[0] == "remount":
                kv.deinit()
                kv = TDBStore(device)
            else:
                step(kv, *each)
        except KeyError:
            code = -1
        except OSError as error:
            code = error.errno
        result["errors"].append(code)
    result["keys"] = {key: value_of(kv, key) for key in kv}
    result["once"] = sorted(key for key in kv if kv.info(key)[1])
    result["lost"] = kv.usage()[2]
    kv.deinit()
    result["image"] = text(device.image())
    return result


json.dump([run(job) for job in json.load(sys.stdin)], sys.stdout)
