"""What every table shares: the metadata with its names, and columns that occur in many."""

from geoalchemy2 import Geometry
from sqlalchemy import CheckConstraint, Column, DateTime, Double, MetaData

SRID = 4326

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_ix",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(constraint_name)s",
    }
)


def moment(name: str, *, nullable: bool = True, comment: str | None = None) -> Column[object]:
    """A column that holds a time with its zone."""
    return Column(name, DateTime(timezone=True), nullable=nullable, comment=comment)


def shape(name: str, kind: str, *, nullable: bool = True) -> Column[object]:
    """A geometry column; its GiST index is declared by the table."""
    return Column(name, Geometry(kind, srid=SRID, spatial_index=False), nullable=nullable)


def one_of(column: str, name: str, *values: str) -> CheckConstraint:
    """A check that `column` holds one of `values`."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=name)


REAL: Double[float] = Double()
