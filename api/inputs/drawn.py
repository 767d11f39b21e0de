"""Bodies that hold something drawn on the map."""

from typing import Annotated, Self

import shapely
from pydantic import Field, model_validator
from shapely.geometry.base import BaseGeometry

from api.inputs.fields import WIDEST_ZONE_KM, Corner, Moment, Name, Reason, Strict
from dispatch.domain.zone import ZoneKind
from dispatch.errors import InvalidInput
from gis.crs import Datum, to_wgs84
from gis.errors import BadOutline
from gis.outlines import outline_of

LEAST_CORNERS = 3


class DrawnIn(Strict):
    """Roads somebody drew on a map: a line along them, or the corners of an area around them."""

    line: Annotated[list[Corner], Field(min_length=2, max_length=500)] | None = None
    area: Annotated[list[Corner], Field(min_length=LEAST_CORNERS, max_length=500)] | None = None
    one_way: bool = False
    datum: Datum = Datum.WGS84

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.line is None) == (self.area is None):
            raise ValueError("either a line or an area")
        if self.one_way and self.line is None:
            raise ValueError("only a line has a direction")
        return self

    def wgs84(self) -> BaseGeometry:
        """The drawing as the core knows it; raises OffPlanet, and InvalidInput for a flat area."""
        corners = [to_wgs84(lon, lat, self.datum) for lon, lat in self.line or self.area or ()]
        if self.line is not None:
            return shapely.LineString(corners)
        drawn = shapely.Polygon(corners)
        if shapely.make_valid(drawn).area == 0:
            raise InvalidInput("area", f"{len(corners)} corners", "an area, not a line")
        return drawn


class ClosureIn(DrawnIn):
    """Roads that cannot be driven: what was drawn, from when, until when if known."""

    reason: Reason
    starts_at: Moment | None = None
    ends_at: Moment | None = None


class ClosureEndIn(Strict):
    """Until when roads stay closed; None until somebody knows."""

    ends_at: Moment | None


class OutlineIn(Strict):
    """An outline somebody drew on a map, corner after corner."""

    area: Annotated[list[Corner], Field(min_length=LEAST_CORNERS, max_length=500)]
    datum: Datum = Datum.WGS84

    def wgs84(self) -> shapely.Polygon:
        """The outline as the core knows it; raises OffPlanet, and InvalidInput for none."""
        corners = [to_wgs84(lon, lat, self.datum) for lon, lat in self.area]
        try:
            return outline_of(corners, widest_km=WIDEST_ZONE_KM)
        except BadOutline as bad:
            raise InvalidInput("area", bad.found, bad.expected) from None


class ZoneIn(OutlineIn):
    """A storm, a flood, a fire or ground nobody may enter; without `starts_at` from now on."""

    kind: ZoneKind
    name: Name
    starts_at: Moment | None = None
    ends_at: Moment | None = None


class ZoneEndIn(Strict):
    """Until when a zone holds; null for a no-go zone that stays until somebody ends it."""

    ends_at: Moment | None
