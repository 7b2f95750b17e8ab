/*
description: Business dates that were published. stage_change_log compares releases by them.
grain: [as_of_date, valid_from]
*/
{{ config(materialized='snapshot', key=['as_of_date']) }}
select cast(fn_as_of() as date) as as_of_date  -- The last business date of a release.
