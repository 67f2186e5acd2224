"""What studies found of safety and persistence by site of infusion. They do not agree, so they stand beside one's own figures, all of them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Study:
    name: str
    people: str
    measure: str
    found: str
    url: str


CHECKED_ON = "2026-11"  # from stored public copies
STUDIES = (
    Study(
        "Baker and others, JAMA Network Open 2021",
        "57,220 people, 752,150 infusions of biologics, 4.5% of them at home",
        "Emergency visit or admission on the same or the next day",
        "At home 1.25 times the odds of a facility; therapy stopped after the event 1.28 times; no difference in deaths",
        "https://jamanetwork.com/journals/jamanetworkopen/fullarticle/2780573",
    ),
    Study(
        "Wasserman and others, Journal of Clinical Immunology 2017",
        "1,076 people with primary immune deficiency on immune globulin",
        "Infections a person-year",
        "Fewer at home than in hospital outpatient departments: pneumonia 0.102 against 0.216, bronchitis 0.150 against 0.288",
        "https://link.springer.com/article/10.1007%2Fs10875-017-0371-0",
    ),
    Study(
        "Giese-Kim and others, American Journal of Gastroenterology 2020",
        "27,396 people with inflammatory bowel disease",
        "Still on the drug after 200 days",
        "64.4% at home, 74.2% in hospital, 79.3% in offices; yearly cost at home $49,149 against $43,466 in offices",
        "https://gutsandgrowth.com/2020/08/14/the-downside-of-home-infusion-of-biologics/",
    ),
    Study(
        "American College of Rheumatology, position 2021",
        "review of biologics",
        "Reactions and serious infections",
        "Adverse reactions in up to 30% of people, serious infection in 2 to 5% a year; asks for infusion under supervision",
        "https://news-medical.net/news/20210621/Updated-ACR-position-statement-on-patient-safety-and-site-of-service-for-biologics-released.aspx",
    ),
)
