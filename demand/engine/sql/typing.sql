-- Words in which the typed_*.sql files say how text becomes a date, an amount or a code. A pattern first, then the cast:
-- a cast alone would accept inf, NaN, 1e5 and 0x1F. Digits are [0-9]: \d would accept those of other scripts.

CREATE OR REPLACE MACRO read_day(x) AS
    CASE WHEN regexp_full_match(x, '[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]00:00:00([.]0+)?)?') THEN TRY_CAST(left(x, 10) AS DATE) END;
CREATE OR REPLACE MACRO bad_day(x, day) AS x IS NOT NULL AND day IS NULL;

-- Whole cents, exactly: text to DECIMAL to BIGINT, never through a float. Half a cent rounds away from zero (flag AMOUNT_ROUNDED).
CREATE OR REPLACE MACRO is_number(x) AS regexp_full_match(x, '[-+]?([0-9]{1,12}([.][0-9]*)?|[.][0-9]+)');
CREATE OR REPLACE MACRO read_cents(x) AS CASE WHEN is_number(x) THEN CAST(CAST(x AS DECIMAL(15, 2)) * 100 AS BIGINT) END;
CREATE OR REPLACE MACRO bad_cents(x, amount) AS x IS NOT NULL AND amount IS NULL;
CREATE OR REPLACE MACRO read_quantity(x) AS CASE WHEN is_number(x) THEN CAST(x AS DECIMAL(18, 4)) END;
CREATE OR REPLACE MACRO has_part_cents(x) AS regexp_matches(x, '[.][0-9]{2}[0-9]*[1-9]');
CREATE OR REPLACE MACRO read_line_number(x) AS CASE WHEN regexp_full_match(x, '0*[1-9][0-9]{0,8}') THEN CAST(x AS INTEGER) END;

-- What a message may show of a rejected cell: only what looks like a date or a number gone wrong. In a row that has slipped
-- by one column the cell may hold a person's id or name, and those are never shown or kept.
CREATE OR REPLACE MACRO shown_day(x) AS
    CASE WHEN regexp_full_match(x, '[0-9]{1,4}[-/. ][0-9]{1,2}[-/. ][0-9]{1,4}([ T][0-9:.+Z-]{1,20})?|[2-5][0-9]{4}([.]0)?|(19|20)[0-9]{6}|[0-9]{1,2}[- ]?(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[- ,]*[0-9]{2,4}|(?i:null|none|nan|nat|n/a|na|unknown|-)')
         THEN x END;
CREATE OR REPLACE MACRO shown_number(x) AS
    CASE WHEN regexp_full_match(x, '[-+($€£]{0,3}[0-9., ’''\x{00a0}\x{202f}]{1,24}([eE][-+]?[0-9]{1,4})?[-)%]{0,2}|0[xX][0-9a-fA-F]{1,16}|(?i:[-+]?(nan|inf|infinity)|null|none|n/a|na|#n/a|#ref!|#value!|#div/0!|denied|pending|unknown|-|[*]+)')
         THEN x END;

-- The check digit of a National Provider Identifier (Luhn over 80840 and the ten digits; 24 stands for the prefix).
CREATE OR REPLACE MACRO npi_digit(n, place) AS (n // place) % 10;
CREATE OR REPLACE MACRO npi_doubled(n, place) AS 2 * npi_digit(n, place) - CASE WHEN npi_digit(n, place) > 4 THEN 9 ELSE 0 END;
CREATE OR REPLACE MACRO npi_number_holds(n) AS (
    24 + npi_doubled(n, 1000000000) + npi_digit(n, 100000000) + npi_doubled(n, 10000000) + npi_digit(n, 1000000)
    + npi_doubled(n, 100000) + npi_digit(n, 10000) + npi_doubled(n, 1000) + npi_digit(n, 100) + npi_doubled(n, 10) + n % 10
) % 10 = 0;
CREATE OR REPLACE MACRO npi_wrong(x) AS
    CASE WHEN x IS NULL THEN false
         WHEN regexp_full_match(x, '[12][0-9]{9}') THEN NOT npi_number_holds(CAST(x AS BIGINT))
         ELSE true END;
-- A placeholder names nobody: kept out of the typed table, so that it never becomes the largest provider.
CREATE OR REPLACE MACRO read_npi(x) AS
    CASE WHEN x IN ('0', '0000000000', '1111111111', '2222222222', '9999999999') THEN NULL ELSE x END;

-- J1551JW is J1551 with modifier JW; also J1551-JW, J1551 JW and several modifiers in a row.
CREATE OR REPLACE MACRO is_glued(x) AS
    strlen(x) > 5 AND regexp_full_match(x, '([A-Z][0-9]{4}|[0-9]{4}[0-9A-Z])[-: ]?[A-Z0-9]{2}([-: ]?[A-Z0-9]{2}){0,3}');
CREATE OR REPLACE MACRO glued_modifiers(x) AS
    CASE WHEN is_glued(x) THEN rtrim(regexp_replace(regexp_replace(substr(x, 6), '[-: ]', '', 'g'), '(..)', '\1;', 'g'), ';') END;
CREATE OR REPLACE MACRO is_hcpcs(x) AS regexp_full_match(x, '[A-Z][0-9]{4}|[0-9]{4}[0-9A-Z]');

-- 11 digits (5-4-2) only where the hyphens say where the zero belongs; a bare 10-digit code is never padded.
CREATE OR REPLACE MACRO read_ndc(x) AS
    CASE WHEN x IS NULL OR regexp_full_match(x, '[0-9]{11}') THEN x
         WHEN regexp_full_match(x, '[0-9]{5}-[0-9]{4}-[0-9]{2}') THEN replace(x, '-', '')
         WHEN regexp_full_match(x, '[0-9]{4}-[0-9]{4}-[0-9]{2}') THEN '0' || replace(x, '-', '')
         WHEN regexp_full_match(x, '[0-9]{5}-[0-9]{3}-[0-9]{2}') THEN left(x, 5) || '0' || substr(x, 7, 3) || right(x, 2)
         WHEN regexp_full_match(x, '[0-9]{5}-[0-9]{4}-[0-9]{1}') THEN left(x, 5) || substr(x, 7, 4) || '0' || right(x, 1)
         WHEN regexp_full_match(x, 'N4[0-9]{11}') THEN right(x, 11)
         ELSE x END;
CREATE OR REPLACE MACRO ndc_flag(x) AS
    CASE WHEN x IS NULL THEN NULL
         WHEN x IN ('00000000000', '99999999999') THEN 'NDC_INVALID'
         WHEN regexp_full_match(x, '[0-9]{11}') THEN NULL
         WHEN regexp_full_match(x, '[0-9]{10}') THEN 'NDC_AMBIGUOUS'
         WHEN read_ndc(x) = x THEN 'NDC_INVALID' END;

CREATE OR REPLACE MACRO blank_to_null(x) AS CASE WHEN x = '' THEN NULL ELSE x END;
CREATE OR REPLACE MACRO odd_day(x) AS x < DATE '1990-01-01';
CREATE OR REPLACE MACRO after_horizon(x) AS x > getvariable('horizon');
