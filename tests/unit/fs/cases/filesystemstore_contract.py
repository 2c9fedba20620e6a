# uses: conformance/kvstore.py
from fs import FileSystemStore
from support import Folder, check_kv_deinit, check_kvstore, folder_kinds


def test_the_contract():
    for kind in folder_kinds():
        with Folder(kind, blocks=512, size=512) as path:
            check_kvstore(FileSystemStore(path + "/kv"))
            check_kv_deinit(FileSystemStore(path + "/kv"))
