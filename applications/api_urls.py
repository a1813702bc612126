from django.urls import path

from applications.api import bags, cases, groups, imports, questions, steps
from ops_center.web import converters as _converters  # noqa: F401  registers them

urlpatterns = [
    path("applications/", cases.Cases.as_view(), name="api-applications"),
    path("applications/<number:number>/", cases.Case.as_view(), name="api-application"),
    path("applications/<number:number>/checklist/", cases.Checklist.as_view()),
    path("applications/<number:number>/check-sheet/", cases.CheckSheet.as_view()),
    path("applications/<number:number>/entry-form/", cases.EntryForm.as_view()),
    path("applications/<number:number>/coaching/", cases.Coaching.as_view()),
    path("applications/<number:number>/reveal/", cases.Reveal.as_view()),
    path("applications/<number:number>/contacts/", cases.Contacts.as_view()),
    path("applications/<number:number>/documents/", cases.Documents.as_view()),
    path("applications/<number:number>/documents/<uuid:document>/", cases.OneDocument.as_view()),
    path("applications/<number:number>/claim/", cases.Claim.as_view()),
    *(
        path(f"applications/<number:number>/steps/{step}/", steps.step_view(step).as_view(), name=f"api-step-{step}")
        for step in steps.STEPS
    ),
    path("customers/search/", cases.ClientSearch.as_view()),
    path("queues/<slug:queue>/next/", cases.Next.as_view()),
    path("approvals/", cases.Approvals.as_view()),
    path("approvals/<key:approval>/approve/", cases.Approve.as_view()),
    path("approvals/<key:approval>/refuse/", cases.Refuse.as_view()),
    path("bags/", bags.Bags.as_view(), name="api-bags"),
    path("bags/<key:bag>/", bags.OneBag.as_view()),
    path("bags/<key:bag>/files/", bags.Files.as_view()),
    path("bags/<key:bag>/files/<number:number>/", bags.OneFile.as_view()),
    path("bags/<key:bag>/seal/", bags.Seal.as_view()),
    path("bags/<key:bag>/unseal/", bags.Unseal.as_view()),
    path("bags/<key:bag>/hand-over/", bags.HandOver.as_view()),
    path("bags/<key:bag>/receive/", bags.Receive.as_view()),
    path("bag-incidents/<key:incident>/close/", bags.CloseIncident.as_view()),
    path("group-batches/", groups.Batches.as_view(), name="api-group-batches"),
    path("group-batches/<number:code>/", groups.OneBatch.as_view(), name="api-group-batch"),
    path("group-batches/<number:code>/close/", groups.CloseBatch.as_view()),
    path("group-batches/<number:code>/applications/", groups.Members.as_view()),
    path("group-batches/<number:code>/lists/", groups.UnitLists.as_view()),
    path("group-batches/<number:code>/lists/<key:unit_list>/", groups.OneUnitList.as_view()),
    path("group-batches/<number:code>/reveal/", groups.RevealContact.as_view()),
    path("card-status-imports/", imports.Imports.as_view(), name="api-card-status-imports"),
    path("card-status-imports/<key:file>/", imports.OneImport.as_view()),
    path("deadline/", questions.Deadline.as_view()),
]
