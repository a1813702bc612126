"""The addresses of the case. ``/applications/<number>/`` itself, where all floors meet, is the desk's."""

from django.urls import path

from applications.views import bags, cases, documents, groups, imports, personal, queues, steps
from ops_center.web import converters as _converters  # noqa: F401  registers them

_case = "applications/<number:number>/"
_step = _case + "steps/"

urlpatterns = [
    path("applications/", cases.case_list, name="application-list"),
    path("applications/new/", cases.new_case, name="application-new"),
    path("applications/reassign/", cases.reassign_many, name="reassign-many"),
    path("applications/new/checklist/", cases.checklist_preview, name="checklist-preview"),
    path(_case + "work/", queues.work, name="work"),
    path(_case + "draft/", queues.draft, name="application-draft"),
    path(_case + "claim/renew/", queues.renew, name="application-renew"),
    path(_case + "claim/give-back/", queues.give_back, name="application-give-back"),
    path(_case + "documents/", documents.pages, name="documents"),
    path(_case + "documents/<uuid:pk>/", documents.page, name="document"),
    path(_case + "reveal/", personal.reveal, name="application-reveal"),
    #
    path(_step + "accept/", steps.accept),
    path(_step + "release/", steps.release),
    path(_step + "start-intake/", steps.start_intake),
    path(_step + "complete-intake/", steps.complete_intake),
    path(_step + "hand-to-branch/", steps.hand_to_branch),
    path(_step + "confirm-hand-to-branch/", steps.confirm_hand_to_branch),
    path(_step + "e-intake/", steps.e_intake),
    path(_step + "self-route/", steps.self_route),
    path(_step + "hand-to-center/", steps.hand_to_center),
    path(_step + "pass-check/", steps.pass_check),
    path(_step + "submit-entry/", steps.submit_entry),
    path(_step + "verify/", steps.verify),
    path(_step + "arbitrate/", steps.arbitrate),
    path(_step + "file/", steps.file),
    path(_step + "mark-issued/", steps.mark_issued),
    path(_step + "coach/", steps.coach),
    path(_step + "late-coach/", steps.late_coach),
    path(_step + "activate/", steps.activate),
    path(_step + "refuse-card/", steps.refuse_card),
    path(_step + "raise-problem/", steps.raise_problem),
    path(_step + "reply/", steps.reply),
    path(_step + "resolve/", steps.resolve),
    path(_step + "return/", steps.return_case),
    path(_step + "resubmit/", steps.resubmit),
    path(_step + "reject/", steps.reject),
    path(_step + "withdraw/", steps.withdraw),
    path(_step + "reopen/", steps.reopen),
    path(_step + "reassign/", steps.reassign),
    path(_step + "correct-stamp/", steps.correct_stamp),
    path(_step + "log-contact/", steps.log_contact),
    path(_step + "<slug:step>/", steps.unknown, name="step"),  # the name of them all: {% url "step" number step %}
    #
    path("queues/<slug:name>/", queues.queue, name="queue"),
    path("queues/<slug:name>/next/", queues.next_case, name="queue-next"),
    #
    path("bags/", bags.bag_list, name="bag-list"),
    path("bags/open/", bags.open_bag, name="bag-open"),
    path("bags/<key:pk>/", bags.one_bag, name="bag"),
    path("bags/<key:pk>/manifest/", bags.manifest, name="bag-manifest"),
    path("bags/<key:pk>/files/", bags.add_file, name="bag-add-file"),
    path("bags/<key:pk>/files/remove/", bags.take_out, name="bag-take-out"),
    path("bags/<key:pk>/seal/", bags.seal, name="bag-seal"),
    path("bags/<key:pk>/unseal/", bags.unseal, name="bag-unseal"),
    path("bags/<key:pk>/hand-over/", bags.hand_over, name="bag-hand-over"),
    path("bags/<key:pk>/receive/", bags.receive, name="bag-receive"),
    path("bag-incidents/<key:pk>/close/", bags.close_incident, name="incident-close"),
    #
    path("group-batches/", groups.batch_list, name="group-batch-list"),
    path("group-batches/new/", groups.new_batch, name="group-batch-new"),
    path("group-batches/<number:code>/", groups.one_batch, name="group-batch"),
    path("group-batches/<number:code>/edit/", groups.edit_batch, name="group-batch-edit"),
    path("group-batches/<number:code>/close/", groups.close_batch, name="group-batch-close"),
    path("group-batches/<number:code>/lists/", groups.add_list, name="unit-list-add"),
    path("group-batches/<number:code>/lists/<key:pk>/", groups.unit_list, name="unit-list"),
    path("group-batches/<number:code>/reveal/", groups.reveal_contact, name="group-batch-reveal"),
    #
    path("card-status-imports/", imports.import_list, name="import-list"),
    path("card-status-imports/<key:pk>/", imports.one_import, name="import"),
]
