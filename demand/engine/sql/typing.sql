-- Words in which the typed_*.sql files say how text becomes a date or an amount. A pattern comes before the cast, for a cast
-- alone would accept inf, NaN, 1e5 and 0x1F. Digits are [0-9]: \d would accept those of other scripts.

-- A date is YYYY-MM-DD; a time of midnight behind it is harmless and left off. `as_day` is what the cast alone gives: where
-- it reads back as the same text, the text was a date (and infinity, years beyond four digits and BC are not).
CREATE OR REPLACE MACRO as_day(x) AS TRY_CAST(x AS DATE);
CREATE OR REPLACE MACRO sure_day(x, day) AS
    CASE WHEN CAST(day AS VARCHAR) = x AND day BETWEEN DATE '0001-01-01' AND DATE '9999-12-31' THEN day
         WHEN regexp_full_match(x, '[0-9]{4}-[0-9]{2}-[0-9]{2}[ T]00:00:00([.]0+)?(Z|[+]00(:00)?)?') THEN TRY_CAST(left(x, 10) AS DATE) END;
CREATE OR REPLACE MACRO read_day(x) AS sure_day(x, as_day(x));
CREATE OR REPLACE MACRO bad_day(x, day) AS x IS NOT NULL AND day IS NULL;

-- Whole cents, exactly: text to DECIMAL to BIGINT, never through a float. Half a cent rounds away from zero (flag AMOUNT_ROUNDED).
CREATE OR REPLACE MACRO is_number(x) AS regexp_full_match(x, '[-+]?([0-9]{1,12}([.][0-9]*)?|[.][0-9]+)');
CREATE OR REPLACE MACRO is_cents(x) AS regexp_full_match(x, '[-+]?([0-9]{1,12}([.][0-9]{0,2}0*)?|[.][0-9]{1,2}0*)');
CREATE OR REPLACE MACRO as_cents(x) AS CAST(CAST(x AS DECIMAL(15, 2)) * 100 AS BIGINT);
CREATE OR REPLACE MACRO sure_cents(x, whole) AS CASE WHEN whole THEN as_cents(x) WHEN is_number(x) THEN as_cents(x) END;
CREATE OR REPLACE MACRO bad_number(x, amount) AS x IS NOT NULL AND amount IS NULL;
CREATE OR REPLACE MACRO read_quantity(x) AS CASE WHEN is_number(x) THEN CAST(x AS DECIMAL(18, 4)) END;
CREATE OR REPLACE MACRO read_line_number(x) AS CASE WHEN regexp_full_match(x, '0*[1-9][0-9]{0,8}') THEN CAST(x AS INTEGER) END;

-- What a message may show of a rejected cell: only what looks like a date or a number gone wrong, and bare digits never. In a
-- row that has slipped by one column the cell may hold a person's number or name, and those are neither shown nor kept.
CREATE OR REPLACE MACRO shown_day(x) AS
    CASE WHEN regexp_full_match(x, '[0-9]{5}([.]0)?') THEN '(five digits: perhaps a spreadsheet''s serial number)'
         WHEN regexp_full_match(x, '[0-9]{8}') THEN '(eight digits without hyphens)'
         WHEN regexp_full_match(x, '[0-9]{1,4}[-/. ][0-9]{1,2}[-/. ][0-9]{1,4}([ T][0-9:.+Z-]{1,20})?') THEN x
         WHEN regexp_full_match(x, '[0-9]{1,2}[- ]?(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}[- ,]*[0-9]{2,4}') THEN x
         WHEN regexp_full_match(x, '(?i:null|none|nan|nat|n/a|na|unknown|-)') THEN x END;
CREATE OR REPLACE MACRO shown_number(x) AS
    CASE WHEN regexp_full_match(x, '[0-9]{13,}') THEN '(more than twelve digits)'
         WHEN regexp_full_match(x, '[-+($€£]{0,3}[0-9., ’''\x{00a0}\x{202f}]{1,24}([eE][-+]?[0-9]{1,4})?[-)%]{0,2}') THEN x
         WHEN regexp_full_match(x, '0[xX][0-9a-fA-F]{1,16}|[-+]?(?i:nan|inf|infinity)|[*]+|#[A-Z/0!?]{1,8}') THEN x
         WHEN regexp_full_match(x, '(?i:null|none|n/a|na|denied|pending|unknown|-)') THEN x END;

-- The check digit of a National Provider Identifier (Luhn over 80840 and the ten digits; 24 stands for the prefix).
CREATE OR REPLACE MACRO npi_digit(n, place) AS (n // place) % 10;
CREATE OR REPLACE MACRO npi_doubled(n, place) AS 2 * npi_digit(n, place) - CASE WHEN npi_digit(n, place) > 4 THEN 9 ELSE 0 END;
CREATE OR REPLACE MACRO npi_number_holds(n) AS (
    24 + npi_doubled(n, 1000000000) + npi_digit(n, 100000000) + npi_doubled(n, 10000000) + npi_digit(n, 1000000)
    + npi_doubled(n, 100000) + npi_digit(n, 10000) + npi_doubled(n, 1000) + npi_digit(n, 100) + npi_doubled(n, 10) + n % 10
) % 10 = 0;
CREATE OR REPLACE MACRO npi_wrong(x) AS
    CASE WHEN regexp_full_match(x, '[12][0-9]{9}') THEN NOT npi_number_holds(CAST(x AS BIGINT)) ELSE true END;
