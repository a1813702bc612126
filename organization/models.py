"""People, branches and days: what all the other apps stand on."""

from __future__ import annotations

import hashlib
import secrets
from datetime import date, datetime, time
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from ops_center.clock import today
from ops_center.kernel.worktime import Hours
from organization.querysets import EmployeeManager, MessageQuerySet
from organization.roles import Employment, Role


class Area(models.Model):
    """A part of the city whose leads one pool of collectors works on (城东, 城西, 县域)."""

    code = models.CharField(_("code"), max_length=8, unique=True)
    name = models.CharField(_("name"), max_length=40)

    class Meta:
        ordering = ["code"]
        verbose_name = _("area")
        verbose_name_plural = _("areas")

    def __str__(self) -> str:
        return self.name


class Branch(models.Model):
    """A branch or a department; goes by its code everywhere."""

    class Kind(models.TextChoices):
        BRANCH = "BRANCH", _("Branch")
        CARD_CENTER = "CARD_CENTER", _("Card center")
        CENTER = "CENTER", _("Operations center")
        OFFICE = "OFFICE", _("Department")

    code = models.CharField(_("code"), max_length=8, unique=True)
    name = models.CharField(_("name"), max_length=40)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.BRANCH)
    area = models.ForeignKey(
        Area, models.PROTECT, null=True, blank=True, related_name="branches", verbose_name=_("area")
    )
    opens_at = models.TimeField(_("opens"), default=time(8, 30))
    closes_at = models.TimeField(_("closes"), default=time(17, 30))
    cut_off = models.TimeField(_("cut-off of the day's bag"), default=time(17, 30))
    truck_at = models.TimeField(_("cash truck"), default=time(18, 30))
    has_path_a = models.BooleanField(_("Path A switched on"), default=True)
    has_e_intake = models.BooleanField(_("e-intake switched on"), default=False)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering = ["code"]
        verbose_name = _("branch")
        verbose_name_plural = _("branches")

    def __str__(self) -> str:
        return self.name

    @property
    def hours(self) -> Hours:
        """Business hours and the cut-off of the day's bag, for the clocks."""
        return Hours(opens=self.opens_at, closes=self.closes_at, cut_off=self.cut_off)


class Employee(AbstractBaseUser):
    """A person of the bank (or of its vendor); the user name is the employee number (工号)."""

    number = models.CharField(_("employee number"), max_length=16, unique=True)
    name = models.CharField(_("name"), max_length=40)
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="employees", verbose_name=_("branch"))
    employment = models.CharField(_("employment"), max_length=12, choices=Employment, default=Employment.REGULAR)
    vendor = models.CharField(_("vendor"), max_length=40, blank=True)
    areas = models.ManyToManyField(Area, blank=True, related_name="collectors", verbose_name=_("areas covered"))
    is_active = models.BooleanField(_("active"), default=True)
    left_on = models.DateField(_("left on"), null=True, blank=True)
    language = models.CharField(_("language"), max_length=8, default="zh-hans")
    # Keyed hashes only: whether a client is a colleague, or a contact's telephone belongs to one.
    mobile_index = models.BinaryField(null=True, editable=False)
    id_index = models.BinaryField(null=True, editable=False)

    objects: ClassVar[EmployeeManager] = EmployeeManager()
    USERNAME_FIELD = "number"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        ordering = ["number"]
        verbose_name = _("employee")
        verbose_name_plural = _("employees")
        constraints = [
            models.CheckConstraint(
                condition=Q(employment=Employment.OUTSOURCED) ^ Q(vendor=""), name="employee_vendor_iff_outsourced"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.number}"

    @property
    def is_outsourced(self) -> bool:
        return self.employment == Employment.OUTSOURCED

    def role_codes(self, on: date) -> frozenset[str]:
        """The roles held on a day. EMP is everybody's second role, outsourced staff and retirees excepted."""
        held: dict[date, frozenset[str]] = self.__dict__.setdefault("_roles_by_day", {})
        if on not in held:
            codes = {row.role for row in self.roles.all() if row.covers(on)}
            if self.employment == Employment.REGULAR:
                codes.add(Role.EMP)
            held[on] = frozenset(codes)
        return held[on]

    def has_role(self, *roles: str, on: date) -> bool:
        return not self.role_codes(on).isdisjoint(roles)

    def is_qualified(self, on: date) -> bool:
        """Holds a valid internal marketing qualification on that day (domain section 0, decision 10)."""
        return any(row.covers(on) for row in self.qualifications.all())

    def lead_areas(self) -> list[int]:
        """Keys of the areas whose leads this person may accept: those covered by name, else the own branch's."""
        own = self.branch.area_id
        return [area.pk for area in self.areas.all()] or ([own] if own else [])

    def covers_area(self, area: int | None) -> bool:
        """Whether leads of an area are this person's to accept; those from the center belong to no area, so to all."""
        return area is None or area in self.lead_areas()

    def is_absent(self, on: date) -> bool:
        return any(row.starts_on <= on <= row.ends_on for row in self.absences.all())

    # -- Django's admin: a read-only window for the administrator ----------------------------------------------------
    @property
    def is_staff(self) -> bool:
        return self.has_role(Role.ADM, on=today())

    def has_perm(self, perm: str, obj: object | None = None) -> bool:
        app, _dot, action = perm.partition(".")
        return self.is_active and self.is_staff and app == "organization" and action.startswith("view_")

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_staff and app_label == "organization"


class Dated(models.Model):
    """Something that holds from a day to a day, both included; without an end it goes on."""

    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"), null=True, blank=True)

    class Meta:
        abstract = True

    def covers(self, on: date) -> bool:
        return self.starts_on <= on and (self.ends_on is None or on <= self.ends_on)


class RoleAssignment(Dated):
    """One role of one person, with dates."""

    employee = models.ForeignKey(Employee, models.CASCADE, related_name="roles", verbose_name=_("employee"))
    role = models.CharField(_("role"), max_length=4, choices=Role)

    class Meta:
        ordering = ["employee", "role", "starts_on"]
        verbose_name = _("role assignment")
        verbose_name_plural = _("role assignments")
        constraints = [
            models.UniqueConstraint(fields=["employee", "role", "starts_on"], name="role_once_per_start"),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")), name="role_dates_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.employee} {self.role}"


class Qualification(Dated):
    """The internal qualification to market cards (营销资格)."""

    employee = models.ForeignKey(Employee, models.CASCADE, related_name="qualifications", verbose_name=_("employee"))

    class Meta:
        ordering = ["employee", "starts_on"]
        verbose_name = _("qualification")
        verbose_name_plural = _("qualifications")

    def __str__(self) -> str:
        return f"{self.employee} {self.starts_on}"


class Absence(models.Model):
    """Days on which a person is not at work: no new lead, no new case."""

    employee = models.ForeignKey(Employee, models.CASCADE, related_name="absences", verbose_name=_("employee"))
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"))
    note = models.CharField(_("note"), max_length=80, blank=True)

    class Meta:
        ordering = ["-starts_on"]
        verbose_name = _("absence")
        verbose_name_plural = _("absences")

    def __str__(self) -> str:
        return f"{self.employee} {self.starts_on}"


class CalendarDay(models.Model):
    """One day of the official calendar; a year without rows falls back to weekdays, marked provisional."""

    on = models.DateField(_("day"), primary_key=True)
    is_workday = models.BooleanField(_("working day"))
    name = models.CharField(_("holiday"), max_length=40, blank=True)
    source = models.CharField(_("source"), max_length=120, blank=True)

    class Meta:
        ordering = ["on"]
        verbose_name = _("calendar day")
        verbose_name_plural = _("calendar days")

    def __str__(self) -> str:
        return f"{self.on}"


class Revision(models.Model):
    """A number that grows with every change of a reference table, so that each process knows when to read it again."""

    name = models.CharField(max_length=40, primary_key=True)
    number = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} {self.number}"


class Message(models.Model):
    """News for one person, written in the transaction of what it tells. The words are made when it is read."""

    employee = models.ForeignKey(Employee, models.CASCADE, related_name="news", verbose_name=_("employee"))
    kind = models.CharField(_("kind"), max_length=40)
    facts = models.JSONField(_("facts"), default=dict)  # numbers, codes and times; never a client's data
    about = models.CharField(_("about"), max_length=40, blank=True)  # the path of the page that it is about
    at = models.DateTimeField(_("at"))
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)

    objects: ClassVar[models.Manager[Message]] = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [
            models.Index(fields=["employee", "-at", "-id"], name="message_inbox"),  # read by the inbox page
            models.Index(fields=["employee"], condition=Q(read_at=None), name="message_unread"),  # the bell's count
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.employee_id}"


class JobRun(models.Model):
    """One pass of a periodic job. Readiness and the boards read the last finished one."""

    name = models.CharField(_("job"), max_length=40)
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    counts = models.JSONField(_("counts"), default=dict)
    error = models.CharField(_("error"), max_length=200, blank=True)

    class Meta:
        ordering = ["-started_at"]
        verbose_name = _("job run")
        verbose_name_plural = _("job runs")
        indexes = [models.Index(fields=["name", "-started_at"], name="jobrun_latest")]

    def __str__(self) -> str:
        return f"{self.name} {self.started_at:%F %T}"


class AuditRecord(models.Model):
    """Who looked at or changed what, outside the case's own events: reveals, sign-ins, exports, policies. Append-only.

    Each row carries the digest of the row before it (docs/audit.md); a trigger refuses UPDATE, DELETE and TRUNCATE.
    """

    append_only = True

    at = models.DateTimeField(_("at"))
    actor = models.ForeignKey(Employee, models.PROTECT, null=True, related_name="+", verbose_name=_("person"))
    action = models.CharField(_("action"), max_length=40)
    subject = models.CharField(_("subject"), max_length=80, blank=True)
    facts = models.JSONField(_("facts"), default=dict)
    digest = models.BinaryField(editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("audit record")
        verbose_name_plural = _("audit records")
        indexes = [
            models.Index(fields=["subject", "-id"], name="audit_subject"),
            models.Index(fields=["action", "at"], name="audit_action"),  # what was opened today (audit's home)
            models.Index(fields=["actor", "action", "at"], name="audit_actor"),  # counts a person's reveals of the day
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"


class ApiToken(models.Model):
    """A sign-in of a program; only the hash of the token is kept."""

    digest = models.CharField(max_length=64, primary_key=True)
    employee = models.ForeignKey(Employee, models.CASCADE, related_name="tokens")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.employee_id} {self.created_at:%F %T}"

    @staticmethod
    def digest_of(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    @classmethod
    def issue(cls, *, employee: Employee, at: datetime, expires_at: datetime) -> str:
        """Makes a token; the clear value is returned once and never stored."""
        token = secrets.token_urlsafe(32)
        cls.objects.create(digest=cls.digest_of(token), employee=employee, created_at=at, expires_at=expires_at)
        return token


class Switch(models.Model):
    """A rule of the bank that can be turned on or off in the application (domain section 16)."""

    name = models.CharField(_("name"), max_length=40, primary_key=True)
    is_on = models.BooleanField(_("on"), default=False)

    class Meta:
        verbose_name = _("switch")
        verbose_name_plural = _("switches")

    def __str__(self) -> str:
        return self.name

    @classmethod
    def state_of(cls, name: str) -> bool:
        return bool(cls.objects.filter(pk=name, is_on=True).exists())
