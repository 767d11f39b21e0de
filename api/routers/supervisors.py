"""What a supervisor's reports call: promises kept and the simple indices."""

from fastapi import APIRouter

router = APIRouter(tags=["supervisors"])
