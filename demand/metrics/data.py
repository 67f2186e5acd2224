"""Definitions of the data's quality."""

from demand.metrics.metric import Metric

METRICS = (
    Metric(
        slug="completeness",
        title="Completeness of a column",
        why="A question whose column is empty is not answered, whatever the figures look like.",
        what="The share of a kind's rows (medical claims, pharmacy claims, eligibility) in which a column holds a value that can be read. "
        "A placeholder provider number such as 0000000000 is no value.",
        numerator="Rows with a value.",
        denominator="Rows of the kind that could be taken apart, rejected ones among them.",
        direction="Higher is better; a fall against the source's last extract mostly means that the sender's query has changed.",
        next_step="Ask the sender for the column that the extract's readiness names first.",
        limits="A value can be there and wrong. Columns that concern some rows only (a death date, a modifier) are judged by their fall alone.",
    ),
    Metric(
        slug="unit-outliers",
        title="Doses far from usual",
        why="Units are the claim's weakest column: one slip makes a dose ten times what it was.",
        what="Infusions whose dose (units × the code's unit on the day) is far below the lowest or far above the highest usual dose of the "
        "drug reference, ranked by money. The likely reason is the first billing slip whose arithmetic lands in the usual range.",
        numerator="Allowed amounts of infusions whose dose is far from usual.",
        denominator="Allowed amounts of all infusions with a known dose.",
        direction="Lower is better.",
        next_step="Take the largest group to whoever bills it; nothing is corrected here.",
        limits="A usual range is for an adult's infusion: a child or a loading dose can lie outside and be right.",
        parameters=("dose_flag_below", "dose_flag_above"),
        sql=("infusion_rows",),
    ),
    Metric(
        slug="unknown-codes",
        title="Money on codes that nobody knows",
        why="An infusion whose drug code the reference does not know is not found, and nothing says so.",
        what="Drug codes (HCPCS J, Q, C) that are not in the drug reference, those for drugs without a code of their own (J3490, J3590, J9999, "
        "C9399), and values that are not shaped like a code, which are never shown.",
        numerator="Allowed amounts (where there are none: paid) of accepted rows with such a code.",
        denominator="The same of all accepted medical rows.",
        direction="Lower is better.",
        next_step="Add the costly codes to the drug reference and recompute.",
        limits="Many such codes are rightly absent: the product looks at infusions only.",
        parameters=("drug_code_pattern",),
        sql=("roles",),
    ),
    Metric(
        slug="payer-names",
        title="Payer names",
        why="Policies and rates are found by the payer's name.",
        what="Payer names as the files write them. Those that differ in letter case, blanks or punctuation alone stand together; a name is on "
        "file where a policy or a contract rate names it.",
        numerator="Allowed amounts (where there are none: paid) under names that no policy or rate names.",
        denominator="The same under all names.",
        direction="Lower is better; a payer without policies may rightly have none.",
        next_step="Map spellings to one name when the file is loaded.",
        limits="Two names that look alike may be two companies.",
    ),
    Metric(
        slug="unenrolled",
        title="People without coverage on the day",
        why="Without coverage on file nobody can tell a patient who stopped from one who changed insurer.",
        what="People with an accepted medical line on a day that no eligibility span of theirs covers, in any extract of the run.",
        numerator="People with at least one such line.",
        denominator="People with an accepted medical line in the extract.",
        direction="Lower is better.",
        next_step="Ask for eligibility over the same months as the claims, with the same person ids.",
        limits="A span that is too long hides a gap.",
        sql=("roles", "enrolled"),
    ),
    Metric(
        slug="completion",
        title="Completion of a month",
        why="Recent months always look as if less had left: their claims are still coming in.",
        what="How much of a month's accepted lines is in by now, judged by how fast the feed's earlier months filled up (chain ladder on paid "
        "dates, whole calendar months of payment).",
        numerator="Lines paid so far.",
        denominator="Lines expected once all are paid.",
        direction="Higher is better; a month below the setting is never judged.",
        next_step="Wait for the next extract before judging months that are not complete.",
        limits="A feed that changes its pace misleads; one without paid dates cannot be judged.",
        parameters=("mature_completion", "month_end_days", "band_z"),
        sql=("maturity",),
    ),
)
