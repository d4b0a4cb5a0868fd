"""Which medicines matter for an operation, by the names of substances: our own short list.

A name that is not in it says nothing: the ward's pharmacist knows more, and corrects the class in the record.
Brands are left out; systems that send them send the substance too.
"""

import re

from patients.models import SurgicalClass

SUBSTANCES: dict[SurgicalClass, str] = {
    SurgicalClass.ANTICOAGULANT: (
        "warfarin phenprocoumon acenocoumarol fluindione apixaban rivaroxaban edoxaban dabigatran betrixaban heparin "
        "enoxaparin dalteparin tinzaparin nadroparin certoparin reviparin bemiparin fondaparinux argatroban "
        "bivalirudin danaparoid"
    ),
    SurgicalClass.ANTIPLATELET: (
        "aspirin acetylsalicylic clopidogrel prasugrel ticagrelor ticlopidine dipyridamole cilostazol tirofiban "
        "eptifibatide cangrelor"
    ),
    SurgicalClass.INSULIN: "insulin",
    SurgicalClass.GLUCOSE: (
        "metformin gliclazide glimepiride glipizide glyburide glibenclamide tolbutamide repaglinide nateglinide "
        "pioglitazone acarbose sitagliptin vildagliptin saxagliptin linagliptin alogliptin empagliflozin dapagliflozin "
        "canagliflozin ertugliflozin exenatide liraglutide dulaglutide semaglutide lixisenatide tirzepatide"
    ),
    SurgicalClass.IMMUNOSUPPRESSANT: (
        "azathioprine ciclosporin cyclosporine tacrolimus sirolimus everolimus mycophenolate mycophenolic methotrexate "
        "leflunomide cyclophosphamide infliximab adalimumab etanercept golimumab certolizumab rituximab tocilizumab "
        "ustekinumab secukinumab abatacept tofacitinib baricitinib upadacitinib belatacept"
    ),
    SurgicalClass.STEROID: (
        "prednisone prednisolone methylprednisolone hydrocortisone cortisone dexamethasone betamethasone deflazacort "
        "fludrocortisone"
    ),
    SurgicalClass.OPIOID: (
        "morphine oxycodone hydrocodone hydromorphone fentanyl buprenorphine methadone tapentadol tramadol codeine "
        "dihydrocodeine tilidine pethidine meperidine levomethadone"
    ),
}
"""Names in lower case, in the order in which a medicine with several of them is put: bleeding first."""

_CLASSES = {name: one for one, names in SUBSTANCES.items() for name in names.split()}
_LOCAL = re.compile(r"\b(cream|ointment|gel|lotion|shampoo|eye|ear|ophthalmic|otic|nasal|topical)\b", re.IGNORECASE)
"""Applied to the skin, eye, ear or nose: little of it gets anywhere else."""


def surgical_class(text: str) -> str:
    """Return what a medicine matters for surgery as, or an empty text."""
    found = {_CLASSES[word] for word in re.findall(r"[a-z]+", text.lower()) if word in _CLASSES}
    if _LOCAL.search(text):
        found -= {SurgicalClass.STEROID, SurgicalClass.IMMUNOSUPPRESSANT}
    return str(next((one for one in SUBSTANCES if one in found), ""))
