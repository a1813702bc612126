"""Who works where: areas, branches, people with their roles, qualifications and absences, all with dates."""

from __future__ import annotations

from datetime import date, time
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from ops_center.clock import today
from ops_center.kernel.worktime import Hours
from organization.querysets import EmployeeManager
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
    email = models.EmailField(_("e-mail address"), blank=True)  # the bank's own address; digests and alarms go there
    hides_name = models.BooleanField(_("hides the name on boards"), default=False)
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


class RosterDay(models.Model):
    """How long a person is planned to work on a day, where it is not a full day: part-time, a shift, training."""

    employee = models.ForeignKey(Employee, models.CASCADE, related_name="roster", verbose_name=_("employee"))
    on = models.DateField(_("day"))
    minutes = models.PositiveSmallIntegerField(_("planned minutes"))
    note = models.CharField(_("note"), max_length=80, blank=True)

    class Meta:
        ordering = ["on", "employee"]
        verbose_name = _("roster day")
        verbose_name_plural = _("roster days")
        constraints = [
            models.UniqueConstraint(fields=["employee", "on"], name="rosterday_once"),
            models.CheckConstraint(condition=Q(minutes__lte=720), name="rosterday_at_most_twelve_hours"),
        ]

    def __str__(self) -> str:
        return f"{self.employee} {self.on}"
