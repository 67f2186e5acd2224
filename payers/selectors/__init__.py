"""What the pipeline knows of drugs and policies: the dated tables as frames."""

import pandas as pd

from payers.engine.policies import flat_rows
from payers.engine.verdict import Law
from payers.models import DrugCode, DrugFamily, Ndc, PayerName, Policy, ServiceCode, StateLaw
from payers.selectors.forecasts import forecasted
from sites.selectors import frame

DRUG_CODE_COLUMNS = [
    "hcpcs_code",
    "effective_from",
    "effective_to",
    "molecule",
    "family",
    "brand",
    "unit_amount",
    "unit_of_measure",
    "route",
    "source",
]
NDC_COLUMNS = ["ndc_code", "hcpcs_code", "molecule", "family", "self_administered", "units_per_package", "source"]


def _table(model, columns: list[str]) -> pd.DataFrame:
    return frame(list(model.objects.values_list(*columns)), columns)


def reference_frames() -> dict[str, pd.DataFrame]:
    """drug_codes, drug_families, ndcs, service_codes, laws, and policies (one row a policy, line of business and drug).

    A policy's likelihood is what was said or decided of it last (`forecasted`), else that of its document.
    """
    likelihood = {one.policy.pk: one.likelihood for one in forecasted()}
    return {
        "drug_codes": _table(DrugCode, DRUG_CODE_COLUMNS),
        "drug_families": _table(DrugFamily, [field.attname for field in DrugFamily._meta.fields]),
        "ndcs": _table(Ndc, NDC_COLUMNS),
        "service_codes": _table(ServiceCode, ["hcpcs_code", "role", "kind", "source"]),
        "payer_names": frame(
            [(name.lower(), payer) for name, payer in PayerName.objects.values_list("name", "payer__name")], ["name", "payer"]
        ),
        "laws": _table(StateLaw, ["state", "shields_from", "effective_from", "effective_to"]),
        "policies": pd.DataFrame(
            [
                row
                for policy in Policy.objects.on_file()
                for row in flat_rows(policy.document | {"likelihood": likelihood[policy.pk]})
            ],
            dtype=object,
        ),
    }


def state_laws() -> list[Law]:
    """The shields of insured members, as the evaluators ask for them."""
    return [Law(*row) for row in StateLaw.objects.values_list("state", "shields_from", "effective_from", "effective_to")]
