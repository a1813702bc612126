"""What the edge itself remembers: requests that were already answered."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class IdempotencyKey(models.Model):
    """One request of one person that must not happen twice, and its answer.

    Of the request only a keyed hash is kept. The answer is kept as it was sent (masked, like every answer); it stays
    empty where an answer must not be stored.
    """

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=200)
    digest = models.BinaryField()
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.TextField(blank=True)
    etag = models.CharField(max_length=40, blank=True, db_default="")  # of the object as the answer showed it
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["actor", "key"], name="idempotencykey_once")]
        indexes = [models.Index(fields=["at"], name="idempotencykey_age")]  # read by forget()

    def __str__(self) -> str:
        return f"{self.actor_id} {self.at:%F %T}"
