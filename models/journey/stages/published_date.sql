/*
description: Business dates that were published; what was said about the past is measured by them.
grain: [as_of_date, valid_from]
*/
{{ config(materialized='snapshot', key=['as_of_date']) }}
select cast(fn_as_of() as date) as as_of_date  -- The last business date of a release.
