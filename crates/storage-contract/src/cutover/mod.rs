//! The migration's port: each promise of [`CutoverStore`](authly_cutover::store::CutoverStore), and a random crowd compared with
//! the store in memory.

mod batches;
mod board;
mod figures;
mod finalize;
pub mod instants;
mod old_tokens;
mod records;
mod world;
mod write_back;

pub use self::{
    batches::*,
    board::*,
    figures::{accounts_made_and_deleted_here_ask_for_no_decision, figures_agree_with_the_store_in_memory},
    finalize::{
        accounts_that_completed_are_found_in_order, rows_that_waited_go_into_the_archive_and_back,
        the_end_is_recorded_under_its_lease, what_is_kept_of_an_application_is_found_by_its_source,
    },
    records::{facts_are_told_and_forgotten, policies_and_facts_are_kept, the_ledger_is_read_newest_first},
    write_back::what_stood_there_first_is_what_is_remembered,
};

/// The same for stores that keep accounts and migrations together: what signing in tells a migration.
#[macro_export]
macro_rules! instants_suite {
    ($fresh:path) => {
        $crate::cases! { $fresh;
            instants {
                a_family_of_old_tokens_ends_together
                families_of_old_tokens_go_into_the_archive_and_back
                a_password_by_link_ends_the_api_keys_of_its_account
                api_keys_of_an_older_program_are_kept
                tokens_of_an_older_program_are_put_in_once
                a_code_completes_an_account_once
                a_first_sign_in_upstream_completes_an_account
                a_password_at_a_legacy_door_is_noted
                a_policy_is_part_of_the_catalog
                a_policy_of_an_account_is_read_with_it
                an_upgraded_hash_is_noted
                imported_addresses_are_unique_as_the_store_says
                old_tokens_go_into_the_archive_and_back
                the_end_is_part_of_the_catalog
                the_gate_sees_uses_of_every_legacy_door
                the_method_of_an_account_closes_the_legacy_doors
            }
        }
    };
}

/// Expands to one `#[test]` for every case; the argument is the path of an async function that gives `(store, guard)`.
#[macro_export]
macro_rules! cutover_suite {
    ($fresh:path) => {
        $crate::cutover_cases! { $fresh;
            a_decision_outlives_the_same_finding
            a_fenced_batch_writes_nothing
            a_guard_that_fails_leaves_nothing
            accounts_that_completed_are_found_in_order
            rows_that_waited_go_into_the_archive_and_back
            what_is_kept_of_an_application_is_found_by_its_source
            the_end_is_recorded_under_its_lease
            an_account_reads_back_as_it_was_written
            accounts_made_and_deleted_here_ask_for_no_decision
            facts_are_told_and_forgotten
            figures_agree_with_the_store_in_memory
            lines_and_open_rows_are_found_within_a_tenant
            the_board_agrees_with_the_store_in_memory
            the_board_of_a_tenant_shows_no_other
            names_that_a_batch_frees_may_be_taken_in_it
            old_hashes_are_told_by_tenant_and_scheme
            one_run_of_a_source_at_a_time
            parallel_begins_have_one_winner
            policies_and_facts_are_kept
            the_ledger_is_read_newest_first
            what_stood_there_first_is_what_is_remembered
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! cutover_cases {
    ($fresh:path; $($case:ident)+) => {
        mod cutover {
            use super::*;

            $(#[test]
            fn $case() {
                $crate::run(async {
                    let (store, guard) = $fresh().await;
                    $crate::cutover::$case(store).await;
                    drop(guard);
                });
            })+
        }
    };
}
