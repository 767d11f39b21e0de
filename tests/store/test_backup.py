"""A backup is whole or absent; a restore is complete or changes nothing."""

import subprocess
from hashlib import sha256

import pytest
from sqlalchemy import Engine, NullPool, create_engine, text

from dispatch.store import backup, migrate
from tests.conftest import a_database


@pytest.fixture
def full(database) -> Engine:
    with database.begin() as connection:
        connection.execute(
            text("INSERT INTO district (id, name) VALUES ('xh', '西湖区'), ('dh', '东湖区')")
        )
    return database


def districts(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT name FROM district ORDER BY id")))


def test_what_was_backed_up_comes_back(full, tmp_path, test_cluster):
    backup.back_up(full, tmp_path / "b.dump")
    with a_database(test_cluster, template="template0") as url:
        empty = create_engine(url, poolclass=NullPool)
        backup.restore(empty, tmp_path / "b.dump", replace=False)
        assert districts(empty) == ["东湖区", "西湖区"]
        with empty.connect() as connection:
            assert migrate.current(connection) == migrate.newest()


def test_sha256sum_agrees(full, tmp_path):
    backup.back_up(full, tmp_path / "b.dump")
    subprocess.run(["sha256sum", "--check", "b.dump.sha256"], cwd=tmp_path, check=True)


def test_a_backup_is_for_its_owner_only(full, tmp_path):
    backup.back_up(full, tmp_path / "b.dump")
    assert (tmp_path / "b.dump").stat().st_mode & 0o077 == 0


def test_a_backup_never_replaces_another(full, tmp_path):
    (tmp_path / "b.dump").write_text("an older one")
    with pytest.raises(backup.BackupError, match="exists"):
        backup.back_up(full, tmp_path / "b.dump")
    assert (tmp_path / "b.dump").read_text() == "an older one"


def test_a_backup_that_fails_leaves_nothing(full, tmp_path):
    with full.begin() as connection:
        connection.execute(text("CREATE ROLE passer_by LOGIN"))
    try:
        stranger = create_engine(full.url.set(username="passer_by"), poolclass=NullPool)
        with pytest.raises(backup.BackupError, match="permission denied"):
            backup.back_up(stranger, tmp_path / "b.dump")
    finally:
        with full.begin() as connection:
            connection.execute(text("DROP ROLE passer_by"))
    assert list(tmp_path.iterdir()) == []


def test_a_backup_into_a_folder_that_is_not_there_is_refused_in_words(full, tmp_path):
    with pytest.raises(backup.BackupError, match=r"away/b.dump cannot be written: No such file"):
        backup.back_up(full, tmp_path / "away" / "b.dump")


def test_a_full_database_is_not_overwritten_unasked(full, tmp_path):
    backup.back_up(full, tmp_path / "b.dump")
    with pytest.raises(backup.NotEmpty, match="--yes"):
        backup.restore(full, tmp_path / "b.dump", replace=False)


def test_replacing_undoes_what_came_after_the_backup(full, tmp_path):
    backup.back_up(full, tmp_path / "b.dump")
    with full.begin() as connection:
        connection.execute(text("DELETE FROM district"))
    backup.restore(full, tmp_path / "b.dump", replace=True)
    assert districts(full) == ["东湖区", "西湖区"]


@pytest.mark.parametrize("damage", [b"", b"PGDMP", b"x" * 100_000])
def test_a_damaged_backup_changes_nothing(full, tmp_path, damage):
    backup.back_up(full, tmp_path / "b.dump")
    (tmp_path / "b.dump").write_bytes(damage)
    with pytest.raises(backup.BackupError, match="damaged"):
        backup.restore(full, tmp_path / "b.dump", replace=True)
    assert districts(full) == ["东湖区", "西湖区"]


def test_a_backup_cut_in_half_with_a_matching_checksum_changes_nothing(full, tmp_path):
    target = tmp_path / "b.dump"
    backup.back_up(full, target)
    target.write_bytes(target.read_bytes()[: target.stat().st_size // 2])
    sums = subprocess.run(
        ["sha256sum", "b.dump"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    backup.checksum_file(target).write_text(sums.stdout)
    with pytest.raises(backup.BackupError, match="nothing was changed"):
        backup.restore(full, target, replace=True)
    assert districts(full) == ["东湖区", "西湖区"]


def test_a_restore_that_breaks_off_late_says_only_what_broke(full, tmp_path):
    with full.begin() as connection:  # more than two pipes hold: what goes has gone by then
        connection.execute(
            text(
                "INSERT INTO district (id, name)"
                " SELECT md5(i::text), md5((-i)::text) FROM generate_series(1, 20000) i"
            )
        )
    target = tmp_path / "b.dump"
    backup.back_up(full, target)
    content = bytearray(target.read_bytes())
    middle = len(content) * 6 // 10
    content[middle : middle + 8] = b"XXXXXXXX"
    target.write_bytes(content)
    backup.checksum_file(target).write_text(f"{sha256(content).hexdigest()}  b.dump\n")
    with pytest.raises(backup.BackupError, match="nothing was changed") as refused:
        backup.restore(full, target, replace=True)
    assert "pg_restore" in str(refused.value)
    assert "drop cascades" not in str(refused.value)


def test_a_backup_without_its_checksum_is_not_trusted(full, tmp_path):
    backup.back_up(full, tmp_path / "b.dump")
    backup.checksum_file(tmp_path / "b.dump").unlink()
    with pytest.raises(backup.BackupError, match="missing"):
        backup.restore(full, tmp_path / "b.dump", replace=True)


def test_a_database_in_use_is_not_replaced(full, tmp_path):
    backup.back_up(full, tmp_path / "b.dump")
    with full.connect() as reader:
        reader.execute(text("SELECT * FROM district"))
        with pytest.raises(backup.BackupError, match="lock timeout"):
            backup.restore(full, tmp_path / "b.dump", replace=True)
    assert districts(full) == ["东湖区", "西湖区"]
