"""What goes when a row of the reference data is deleted, and what keeps it from going.

Django would read every row that hangs on it to list them all: for a theatre that is years of operations.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import CASCADE, PROTECT, Exists, ForeignObjectRel, Model, QuerySet


def referring(model: type[Model], on_delete: Any) -> list[ForeignObjectRel]:
    """Return the relations by which rows elsewhere name a row of ``model``, and whose rule is ``on_delete``."""
    fields = model._meta.get_fields(include_hidden=True)  # noqa: SLF001  # public, but for the name
    return [field for field in fields if isinstance(field, ForeignObjectRel) and field.on_delete is on_delete]


def protectors(rows: Sequence[Model]) -> list[str]:
    """Name the kinds of rows that keep ``rows`` from going; one query asks for all of them."""
    relations = referring(type(rows[0]), PROTECT)
    if not relations:
        return []
    first = type(rows[0])._base_manager.filter(pk=rows[0].pk)  # noqa: SLF001  # only to hang the question on
    answers = first.values_list(*(Exists(_naming(relation, rows)) for relation in relations)).get()
    return sorted({_plural(relation) for relation, kept in zip(relations, answers, strict=True) if kept})


def counts(rows: Sequence[Model]) -> dict[str, int]:
    """Count by kind what goes: the rows themselves and what belongs to them."""
    model = type(rows[0])
    return {str(model._meta.verbose_name_plural): len(rows)} | dict(_belongings(model, rows))  # noqa: SLF001


def _belongings(model: type[Model], rows: Sequence[Model]) -> Iterator[tuple[str, int]]:
    for relation in referring(model, CASCADE):
        through = relation.related_model._meta.auto_created  # noqa: SLF001
        is_child = getattr(relation, "parent_link", False)
        if not through and not is_child and (count := _naming(relation, rows).count()):
            yield _plural(relation), count


def _naming(relation: ForeignObjectRel, rows: Sequence[Model]) -> QuerySet[Any]:
    manager = relation.related_model._base_manager  # noqa: SLF001
    return manager.filter(**{f"{relation.field.name}__in": [row.pk for row in rows]})


def _plural(relation: ForeignObjectRel) -> str:
    return str(relation.related_model._meta.verbose_name_plural)  # noqa: SLF001
