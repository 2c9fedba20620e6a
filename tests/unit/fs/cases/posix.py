# platforms: host-stock host-native
"""What programs expect of files, on littlefs and FAT; where the two differ it is written down here, and
in docs/fs.md.
"""

import os

from support import Folder, raises

EPERM, ENOENT, EBADF, EACCES, EEXIST = 1, 2, 9, 13, 17
ENOTDIR, EISDIR, EINVAL, ENOSPC, ENOTEMPTY = 20, 21, 22, 28, 39


def fails(numbers, function, *arguments):
    error = raises(OSError, function, *arguments)
    assert error.errno in numbers, error


def both(test):
    """Run it on both: test(path, kind)."""
    for kind in ("littlefs", "fat"):
        with Folder(kind) as path:
            try:
                test(path, kind)
            except (AssertionError, OSError):
                print("on", kind)
                raise


def write(path, data, mode="wb"):
    with open(path, mode) as file:
        return file.write(data)


def read(path, mode="rb"):
    with open(path, mode) as file:
        return file.read()


def test_modes():
    def test(path, kind):
        a = path + "/a"
        fails((ENOENT,), read, a)
        fails((ENOENT,), write, a, b"", "rb+")
        assert write(a, b"12345") == 5
        write(a, b"67", "ab")
        assert read(a) == b"1234567"
        write(a, b"xy", "rb+")
        assert read(a) == b"xy34567"
        write(a, b"n", "wb")
        assert read(a) == b"n"
        fails((EEXIST,), write, a, b"", "xb")
        write(path + "/b", b"1", "xb")
        with open(a, "wb+") as file:
            file.write(b"hello")
            file.seek(1)
            assert file.read(2) == b"el" and file.tell() == 3
            assert file.seek(0, 2) == 5 and file.seek(-1, 1) == 4
            file.seek(10)
            file.write(b"!")
        assert read(a) == b"hello" + bytes(5) + b"!" if kind == "littlefs" else len(read(a)) == 11
        with open(a, "ab+") as file:
            file.seek(0)
            assert file.read(2) == b"he"
            file.write(b"end")
        # FAT appends where the file was opened, not where its end is now.
        assert read(a).endswith(b"end") if kind == "littlefs" else b"end" in read(a)
        with open(path + "/t", "w") as file:
            file.write("first\nsecond \u00e4\n")
        with open(path + "/t") as file:
            assert list(file) == ["first\n", "second \u00e4\n"]

    both(test)


def test_a_file_that_is_open_for_reading_cannot_be_written_and_the_other_way_round():
    def test(path, kind):
        write(path + "/a", b"1")
        with open(path + "/a", "rb") as file:
            if (
                kind == "littlefs"
            ):  # it stops the board over that in debug builds; nothing is written
                pass
            else:
                fails((EACCES, EBADF), file.write, b"2")
        assert read(path + "/a") == b"1"

    both(test)


def test_rename():
    def test(path, kind):
        a, b = path + "/a", path + "/b"
        write(a, b"a")
        write(b, b"b")
        os.rename(a, b)  # over another; on littlefs in one step
        assert os.listdir(path) == ["b"] and read(b) == b"a"
        fails((ENOENT,), os.rename, a, b)
        os.mkdir(path + "/d")
        os.rename(b, path + "/d/c")
        assert read(path + "/d/c") == b"a"
        os.rename(path + "/d", path + "/e")
        assert read(path + "/e/c") == b"a"
        write(a, b"a")
        fails((EISDIR, EACCES), os.rename, a, path + "/e")
        fails((ENOENT,), os.rename, a, path + "/none/a")
        assert read(a) == b"a"
        fails((EPERM, EINVAL), os.rename, a, "/flash/a")  # another file system

    both(test)


def test_folders():
    def test(path, kind):
        d = path + "/d"
        os.mkdir(d)
        fails((EEXIST,), os.mkdir, d)
        fails((ENOENT,), os.mkdir, path + "/none/d")
        write(d + "/f", b"")
        fails((ENOTEMPTY, EACCES), os.rmdir, d)
        fails((EISDIR, EACCES, ENOENT), read, d)
        fails((EISDIR, EACCES, EEXIST), write, d, b"")
        fails((ENOTDIR, ENOENT), read, d + "/f/g")
        fails((ENOTDIR, ENOENT), os.mkdir, d + "/f/g")
        fails((ENOTDIR, ENOENT), os.listdir, d + "/f")
        fails((ENOENT,), os.listdir, path + "/none")
        fails((ENOENT,), os.stat, path + "/none")
        fails((ENOENT,), os.remove, path + "/none")
        fails((ENOENT,), os.rmdir, path + "/none")
        os.remove(d + "/f")
        os.rmdir(d)
        assert os.listdir(path) == []
        deep = path
        for _ in range(12):
            deep += "/d"
            os.mkdir(deep)
        write(deep + "/f", b"deep")
        assert read(deep + "/f") == b"deep"
        os.chdir(deep)
        assert read("f") == b"deep" and os.getcwd() == deep
        os.chdir("/")

    both(test)


def test_names():
    def test(path, kind):
        long = "n" * 200
        for name in (long, "with space", "a.b.c", "\u00e4\u00f6"):
            try:
                write(path + "/" + name, name.encode())
            except OSError as error:
                # FAT knows the letters of code page 437 only, and takes them one byte each.
                assert kind == "fat" and error.errno == EINVAL and ord(name[0]) > 127, (
                    name,
                    error,
                )
                continue
            assert read(path + "/" + name) == name.encode()
        raises(OSError, write, path + "/" + "n" * 300, b"")
        write(path + "/Case", b"1")
        if kind == "fat":
            write(path + "/CASE", b"2")
            assert read(path + "/Case") == b"2"
            fails((EINVAL,), write, path + "/a*b", b"")
        else:
            fails((ENOENT,), read, path + "/CASE")

    both(test)


def test_stat():
    def test(path, kind):
        write(path + "/a", bytes(1234))
        os.mkdir(path + "/d")
        assert os.stat(path + "/a")[0] == 0x8000 and os.stat(path + "/a")[6] == 1234
        assert os.stat(path + "/d")[0] == 0x4000
        found = sorted(entry[:2] + entry[3:] for entry in os.ilistdir(path))
        assert found[0] == ("a", 0x8000, 1234) and found[1][:2] == ("d", 0x4000)
        assert os.stat(path + "/a")[8] >= 0

    both(test)


def test_no_room():
    def test(path, kind):
        write(path + "/kept", b"k" * 1000)

        def fill():
            with open(path + "/big", "wb") as file:
                for _ in range(1000):
                    file.write(bytes(4096))

        fails((ENOSPC, 5) if kind == "fat" else (ENOSPC,), fill)
        assert read(path + "/kept") == b"k" * 1000
        os.remove(path + "/big")
        write(path + "/next", b"n" * 50000)
        assert len(read(path + "/next")) == 50000

    both(test)


def test_many_open_files():
    def test(path, kind):
        files = [open(f"{path}/{n}", "wb+") for n in range(20)]  # noqa: SIM115
        for step in range(30):
            for n in range(20):
                files[n].write(bytes([n]) * (step + 1))
        for n in range(20):
            files[n].seek(0)
            assert files[n].read() == bytes([n]) * 465
            files[n].close()
            files[n].close()  # may be done twice
            fails((EINVAL, EBADF), files[n].read) if kind == "fat" else raises(
                (OSError, ValueError), files[n].read
            )
        assert len(os.listdir(path)) == 20
        for n in range(20):
            assert read(f"{path}/{n}") == bytes([n]) * 465

    both(test)


def test_files_and_folders_in_each_others_place():
    def test(path, kind):
        fat = kind == "fat"
        a, b = path + "/a", path + "/b"
        for call in (lambda: write(a + "/x", b""), lambda: os.mkdir(a + "/x")):
            write(a, b"a")
            fails((ENOENT,) if fat else (ENOTDIR,), call)
        os.mkdir(b)
        fails((EISDIR,), os.rename, a, b)
        if fat:
            fails((ENOTDIR,), os.rmdir, a)
            fails((EISDIR,), os.remove, b)
            os.rename(b, b + "/sub")  # and that is the end of it
            assert os.listdir(path) == ["a"]
            os.mkdir(b)
            os.rename(b, a)
            assert os.listdir(path) == ["a"] and os.listdir(a) == []
            return
        fails((ENOTDIR,), os.rename, b, a)
        os.rmdir(a)
        assert os.listdir(path) == ["b"]
        os.rename(b, b + "/sub")  # and that is the end of it
        assert os.listdir(path) == []
        os.mkdir(b)
        os.remove(b)
        assert os.listdir(path) == []

    both(test)


def test_names_that_are_too_long():
    def test(path, kind):
        write(path + "/" + "n" * 255, b"1")
        for call in (
            lambda: write(path + "/" + "n" * 256, b""),
            lambda: os.mkdir(path + "/" + "n" * 256),
        ):
            fails((EINVAL,) if kind == "fat" else (36,), call)
        assert os.listdir(path) == ["n" * 255]

    both(test)


def test_what_is_left_of_a_file_that_has_no_room():
    def test(path, kind):
        file = open(path + "/a", "wb")  # noqa: SIM115
        file.write(b"flushed" * 100)
        file.flush()

        def fill():
            while True:
                file.write(bytes(1000))

        fails((ENOSPC,), fill)
        file.close()
        found = read(path + "/a")
        assert found[:700] == b"flushed" * 100
        assert len(found) == 700 if kind == "littlefs" else len(found) > 100000, len(found)
        if kind == "fat":
            fails((ENOSPC, EACCES), os.mkdir, path + "/b")

    both(test)


def test_check_of_what_is_not_there():
    import fs

    for path in ("/nothing", "/flash/nothing"):
        raises(OSError, fs.check, path)
