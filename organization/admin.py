"""A read-only window for the administrator: people, branches and days. No business data, and nothing can be changed
here; the sign-in is the product's own."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ops_center.kernel.errors import NotAllowed
from organization.models import (
    Absence,
    Area,
    Branch,
    CalendarDay,
    Employee,
    JobRun,
    Qualification,
    RoleAssignment,
    Switch,
)


def front_door(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
    """Instead of a second sign-in page: to the front door, or away from here."""
    if request.user.is_authenticated:
        raise NotAllowed("role", _("The administration is open to the system administrator only."))
    return redirect_to_login(request.GET.get("next") or reverse("admin:index"))


admin.site.login = front_door  # type: ignore[method-assign, assignment]
admin.site.site_header = _("Administration (read only)")
admin.site.site_title = admin.site.index_title = _("Administration (read only)")


class Reading:
    """Looks and never touches."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}  # there is nothing to do with a chosen row

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RoleRows(Reading, admin.TabularInline):  # type: ignore[type-arg]
    model = RoleAssignment
    extra = 0


class QualificationRows(Reading, admin.TabularInline):  # type: ignore[type-arg]
    model = Qualification
    extra = 0


class AbsenceRows(Reading, admin.TabularInline):  # type: ignore[type-arg]
    model = Absence
    extra = 0


@admin.register(Employee)
class EmployeeWindow(Reading, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("number", "name", "branch", "employment", "is_active")
    list_filter = ("employment", "is_active", "branch")
    list_select_related = ("branch",)
    search_fields = ("number", "name")
    fields = ("number", "name", "branch", "employment", "vendor", "areas", "is_active", "left_on", "language")
    inlines: ClassVar[list[Any]] = [RoleRows, QualificationRows, AbsenceRows]


@admin.register(RoleAssignment)
class RoleWindow(Reading, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("employee", "role", "starts_on", "ends_on")
    list_filter = ("role",)
    list_select_related = ("employee",)
    search_fields = ("employee__number", "employee__name")


@admin.register(Branch)
class BranchWindow(Reading, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("code", "name", "kind", "area", "cut_off", "truck_at", "has_path_a", "has_e_intake", "is_active")
    list_filter = ("kind", "area", "is_active")
    search_fields = ("code", "name")


@admin.register(Area)
class AreaWindow(Reading, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("code", "name")


@admin.register(CalendarDay)
class CalendarWindow(Reading, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("on", "is_workday", "name", "source")
    list_filter = ("is_workday",)
    date_hierarchy = "on"


@admin.register(Switch)
class SwitchWindow(Reading, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "is_on")


@admin.register(JobRun)
class JobRunWindow(Reading, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "started_at", "ended_at", "counts", "error")
    list_filter = ("name",)
