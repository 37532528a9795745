"""
web-server: profiles in the format of the Firefox Profiler, with markers only.

Source: firefox-devtools/profiler, "Processed profile format", version 47.
"""

from __future__ import annotations

from typing import Any

INSTANT, INTERVAL, BEGIN = 0, 1, 2
"""Phases of a marker: a point in time, an interval, and an interval without an end."""
DISPLAY_LOCATIONS = ["marker-chart", "marker-table", "timeline-overview"]


def profile(
    product: str, start: int, schemas: list[dict[str, Any]], categories: list[dict[str, Any]], threads: list[Any]
) -> dict[str, Any]:
    """
    Return a profile.

    Args:
        product: Its title.
        start: Milliseconds since 1970; the times of markers are relative to it.
    """
    meta = {
        "interval": 1,
        "startTime": start,
        "processType": 0,
        "product": product,
        "stackwalk": 0,
        "version": 27,
        "preprocessedProfileVersion": 47,
        "physicalCPUs": 0,
        "logicalCPUs": 0,
        "symbolicationNotSupported": True,
        "usesOnlyOneStackType": True,
        "markerSchema": schemas,
        "categories": categories,
    }
    return {"meta": meta, "libs": [], "threads": threads, "counters": []}


def categories(colors: dict[str, str]) -> list[dict[str, Any]]:
    """
    Return categories from their names and colors.
    """
    return [{"name": name, "color": color, "subcategories": ["Other"]} for name, color in colors.items()]


def schema(kind: str, label: str, /, **fields: str) -> dict[str, Any]:
    """
    Return the schema of a kind of marker.

    Args:
        label: The key of the marker's label, which is searchable.
        **fields: By key: a label, and after a colon its format, if that is not a string.
    """
    shown = f"{{marker.data.{label}}}"
    data: list[dict[str, Any]] = []
    for key, description in fields.items():
        text, _, form = description.partition(":")
        data.append({"key": key, "label": text, "format": form or "string"})
        if key == label:
            data[-1]["searchable"] = True
    return {
        "name": kind,
        "tooltipLabel": shown,
        "tableLabel": shown,
        "chartLabel": shown,
        "display": DISPLAY_LOCATIONS,
        "data": data,
    }


class Thread:
    """
    A thread of a profile: a row of markers.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.registered = 0
        self.unregistered: int | None = None
        self._strings: dict[str, int] = {}
        self._markers: dict[str, list[Any]] = {
            key: [] for key in ("data", "name", "startTime", "endTime", "phase", "category")
        }

    def mark(self, name: str, category: int, start: int, end: int | None, phase: int, data: dict[str, Any]) -> None:
        """
        Add a marker, with times in milliseconds from the profile's start.
        """
        values = {"data": data, "startTime": start, "endTime": end, "phase": phase, "category": category}
        for key, value in values.items():
            self._markers[key].append(value)
        self._markers["name"].append(self._strings.setdefault(name, len(self._strings)))

    def document(self) -> dict[str, Any]:
        """
        Return the thread; the profiler requires all tables, also empty ones.
        """
        return {
            "processType": "default",
            "processName": "Taskcluster",
            "processStartupTime": 0,
            "processShutdownTime": None,
            "registerTime": self.registered,
            "unregisterTime": self.unregistered,
            "pausedRanges": [],
            "name": self.name,
            "isMainThread": True,
            "showMarkersInTimeline": True,
            "pid": 0,
            "tid": 0,
            "samples": {"weightType": "samples", "weight": None, **_table(stack=[], time=[])},
            "markers": _table(**self._markers),
            "stackTable": _table(frame=[0], prefix=[None], category=[0], subcategory=[0]),
            "frameTable": _table(
                address=[-1],
                inlineDepth=[0],
                category=[None],
                subcategory=[0],
                func=[0],
                nativeSymbol=[None],
                innerWindowID=[0],
                implementation=[None],
                line=[None],
                column=[None],
            ),
            "funcTable": _table(
                isJS=[False],
                relevantForJS=[False],
                name=[0],
                resource=[-1],
                fileName=[None],
                lineNumber=[None],
                columnNumber=[None],
            ),
            "resourceTable": _table(lib=[], name=[], host=[], type=[]),
            "nativeSymbols": _table(libIndex=[], address=[], name=[], functionSize=[]),
            "stringArray": list(self._strings),
        }


def _table(**columns: list[Any]) -> dict[str, Any]:
    return {**columns, "length": len(next(iter(columns.values())))}
