//! The list of all cases.

/// Expands to one `#[test]` for every case; the argument is the path of an async function that gives `(store, guard)`.
#[macro_export]
macro_rules! suite {
    ($fresh:path) => {
        $crate::cases! { $fresh;
            accounts {
                a_new_account_reads_back_as_it_was_written
                an_account_without_a_password_has_none
                a_change_touches_what_it_names_and_nothing_else
                a_change_of_an_unknown_account_is_lost
                a_taken_address_or_user_name_is_a_conflict_in_any_spelling
                a_change_into_a_taken_name_leaves_no_trace
                an_account_is_found_by_exact_spelling_before_folded
                pages_of_accounts_follow_each_other_without_gap
                a_search_takes_percent_and_underscore_literally
                accounts_are_counted_by_state
                an_account_without_a_preferred_name_is_called_by_its_user_name
                a_deleted_account_leaves_nothing_but_its_id
                the_newest_audit_events_come_first
            }
            clients {
                a_client_reads_back_as_it_was_registered
                a_bare_client_reads_back_as_it_was_registered
                an_update_replaces_the_whole_registration
                an_update_of_an_unknown_client_is_lost
                a_taken_client_id_is_a_conflict_and_leaves_no_trace
                a_removed_client_takes_its_grants_along
                an_imported_secret_stays_beside_its_fast_hash
                a_replaced_imported_secret_lives_to_its_end
                every_write_raises_the_revision
                a_lost_or_refused_write_keeps_the_audit_log_clean
                settings_are_created_and_replaced
            }
            codes {
                a_code_reads_back_as_it_was_issued
                a_code_without_challenge_session_and_nonce_reads_back
                a_code_is_redeemed_once
                a_redemption_without_refresh_token_writes_none
                a_code_of_a_revoked_grant_is_not_redeemed
                a_code_is_not_redeemed_under_another_grant
                an_unknown_code_is_lost
                a_redemption_that_fails_halfway_leaves_the_code_unused
                a_spent_assertion_stops_a_redemption_and_nothing_is_written
                a_code_for_an_ended_session_is_not_issued
                a_code_that_exists_is_a_conflict_and_leaves_no_trace
                consent_is_remembered_and_replaced
                consent_belongs_to_one_user_and_client
                a_withdrawn_consent_revokes_the_grants_of_that_client
            }
            crowd {
                fifty_parallel_redemptions_have_one_winner
                fifty_parallel_rotations_have_one_winner
                fifty_parallel_legacy_rotations_have_one_winner
                fifty_parallel_assertions_have_one_winner
                parallel_rotations_of_different_tokens_all_apply
                a_poisoned_write_in_a_crowd_fails_alone
                a_rotation_that_races_a_revocation_leaves_nothing_alive
                parallel_guesses_do_not_outrun_the_counter
                parallel_registrations_of_one_name_have_one_winner
                a_code_that_races_a_sign_out_is_not_alive_after_it
                a_code_that_races_a_renewed_session_follows_it
                a_legacy_rotation_that_races_a_new_password_leaves_nothing_alive
                parallel_changes_of_one_password_have_one_winner
                parallel_current_keys_leave_one_current
                twenty_servers_hold_each_mail_once
                a_link_that_twenty_open_sets_one_password
            }
            grants {
                a_revocation_counts_once
                a_revocation_of_an_unknown_grant_does_nothing
                a_snapshot_shows_the_account_as_it_is_now
                a_revoked_access_token_is_remembered
                an_assertion_is_spent_once_by_each_client
                living_grants_are_listed_newest_first
            }
            keys {
                a_key_reads_back_as_it_was_stored
                one_key_of_an_algorithm_is_current
                a_new_current_key_retires_the_old_one
                a_key_that_becomes_current_retires_the_old_one
                a_current_key_stays_when_it_is_made_current_again
                only_a_retired_key_is_removed
                a_taken_kid_is_a_conflict_and_retires_nothing
                a_resealed_key_keeps_everything_else
                unknown_keys_are_lost
            }
            legacy {
                a_pair_reads_back_as_it_was_recorded
                an_unknown_token_is_not_found
                a_refresh_token_is_rotated_once
                an_invalidated_token_is_not_rotated
                a_rotation_that_fails_halfway_leaves_the_token_valid
                invalidation_is_idempotent
            }
            mail {
                a_link_reads_back_as_it_was_issued
                a_link_and_its_mail_stand_together
                a_link_that_exists_is_refused
                a_link_verifies_an_address_once
                a_verified_address_opens_no_closed_account
                a_link_is_used_for_its_own_purpose_in_time
                a_password_by_link_ends_everything_older
                a_password_by_a_verification_link_starts_anew
                a_new_password_keeps_the_consents_of_a_verified_account
                only_a_mailed_link_verifies_with_the_password
                any_new_password_uses_up_the_links
                a_password_by_link_that_fails_halfway_leaves_no_trace
            }
            invite {
                invitees_are_listed_with_their_waves
                an_accepted_letter_makes_an_account_invited
                nobody_is_invited_twice_within_the_interval
                a_failed_letter_is_replaced
                a_dropped_letter_may_be_written_again
                parallel_invitations_write_to_each_person_once
                letters_for_files_are_never_given_to_servers
                an_invitation_is_opened_once
                a_password_is_set_by_an_invitation
            }
            outbox {
                a_mail_is_held_by_one_server
                mails_are_held_when_they_are_due
                a_released_mail_is_free_at_once
                a_settled_mail_reads_back
                a_mail_whose_sender_was_lost_is_unknown
                unknown_mails_are_sent_again_by_setting
                mails_are_listed_retried_and_dropped
                settled_mails_and_expired_links_are_purged
            }
            passwords {
                an_upgrade_replaces_the_hash_that_was_verified
                an_upgrade_of_a_changed_hash_is_lost
                a_new_password_is_dated_and_a_better_hash_is_not
                a_change_replaces_the_hash_it_names
                an_administrator_replaces_any_hash
                a_change_clears_failures
                a_change_ends_the_legacy_tokens_of_the_account
                a_change_for_an_unknown_account_is_lost
            }
            pause {
                switching_off_and_on_restores_exactly_what_was
                switching_off_twice_remembers_the_first_time
                clients_that_come_and_go_meanwhile_are_let_be
            }
            purge {
                an_empty_store_has_nothing_to_purge
                living_things_stay
                a_refresh_family_goes_as_a_whole
                a_grant_goes_with_the_last_that_hangs_on_it
                a_session_stays_while_a_grant_hangs_on_it
                sealed_successors_are_wiped
                things_that_are_over_at_their_expiry_go_at_once
                batches_are_bounded
                dead_tokens_behind_a_living_family_go_after_some_rounds
                the_store_answers
            }
            refresh {
                a_refresh_token_reads_back_as_it_was_issued
                a_rotation_spends_a_token_once
                the_successor_is_shown_with_its_use
                a_successor_without_sealed_text_is_shown
                a_token_of_a_revoked_grant_is_not_rotated
                a_token_is_not_rotated_under_another_grant
                an_unknown_token_is_lost
                a_rotation_that_fails_halfway_leaves_the_token_unused
                a_spent_assertion_stops_a_rotation_and_nothing_is_written
                a_token_written_before_a_revocation_is_dead_after_it
            }
            scopes {
                a_scope_reads_back_as_it_was_put
                a_scope_is_replaced_by_name
                a_removed_scope_is_gone
            }
            sessions {
                a_session_reads_back_as_it_began
                a_bare_session_reads_back_as_it_began
                a_session_of_unknown_proof_reads_back_as_it_began
                a_touched_session_lives_longer
                an_ended_session_is_not_touched
                the_end_of_a_session_revokes_its_grants_once
                all_sessions_of_a_user_end_but_one
                a_replaced_session_hands_its_grants_to_the_same_user
                a_replaced_session_of_another_user_ends_with_its_grants
                a_replaced_session_that_had_ended_stays_as_it_was
                sessions_are_listed_newest_first_while_they_are_not_ended
            }
            sign_in {
                an_unknown_identifier_means_nobody
                an_attempt_finds_the_account_with_its_hash
                an_attempt_matches_exactly_before_it_folds
                an_attempt_is_bounded_to_its_tenant
                attempts_are_counted_and_lock_at_the_limit
                a_locked_account_is_not_charged_further
                a_lock_that_is_over_starts_anew
                forgotten_failures_do_not_count
                a_known_device_is_counted_apart
                a_foreign_mark_is_charged_as_unknown
                a_mark_that_is_older_than_the_password_is_charged_as_unknown
                a_sign_in_clears_its_own_counter_only
                a_charge_is_taken_back_with_the_lock_that_stood_on_it
                a_sign_in_writes_session_pair_and_log_together
                a_sign_in_with_a_changed_hash_is_lost
                a_sign_in_to_an_account_that_was_switched_off_is_lost
                a_sign_in_that_fails_halfway_leaves_no_trace
                failures_are_forgotten_on_demand
            }
            usage {
                uses_add_up_by_client_tenant_way_and_day
            }
            tenants {
                a_tenant_is_created_and_changed
                a_taken_slug_is_a_conflict
                an_account_shows_its_tenant_as_it_is_now
                tenants_are_listed_with_what_they_have
                a_confirmation_is_kept_and_taken_back
                a_tenant_with_accounts_stays
                a_tenant_that_was_never_used_goes_without_a_trace
                a_used_tenant_keeps_its_short_name_and_closes_its_clients
                a_group_is_made_described_and_removed
                a_taken_group_name_is_a_conflict_within_its_tenant_and_leaves_no_trace
                an_account_shows_the_groups_it_is_in
                a_group_of_another_tenant_takes_nobody_in
                a_move_to_another_tenant_ends_what_hung_on_the_former
                a_group_with_members_stays_unless_they_are_released
                members_are_listed_in_pages
                mappings_are_listed_replaced_and_go_with_their_group
                a_client_of_a_tenant_reads_back
            }
            uniqueness {
                addresses_are_unique_everywhere_until_somebody_decides_otherwise
                each_tenant_may_have_its_own_addresses
                a_move_into_a_tenant_that_has_the_address_is_a_conflict
                addresses_become_unique_everywhere_again_once_none_collides
            }
            upstream {
                a_sign_in_under_way_is_taken_once_by_its_browser_in_time
                a_new_sign_in_clears_away_what_has_expired
                twenty_that_bring_one_state_get_in_once
                a_person_is_linked_once_and_found_again
                a_link_is_free_on_both_sides_or_lost
                parallel_links_of_one_person_or_account_have_one_winner
                a_closed_account_is_not_entered_from_upstream
                a_deleted_account_leaves_no_link
                a_sign_out_upstream_ends_what_came_from_there
                an_unlinked_person_is_signed_out
                a_link_may_go_without_the_sessions_that_came_by_it
                linked_accounts_are_listed_page_by_page
                a_session_knows_where_it_came_from
                a_session_from_upstream_bounds_what_hangs_on_it
                a_session_that_is_replaced_from_upstream_hands_its_grants_over
                a_link_that_was_made_beforehand_is_used_by_the_first_sign_in
                groups_are_mapped_by_id_or_name
                a_sign_in_under_way_keeps_what_belongs_to_it
            }
        }
    };
}

/// One module of tests for each group of cases.
#[doc(hidden)]
#[macro_export]
macro_rules! cases {
    ($fresh:path; $($group:ident { $($case:ident)+ })+) => {
        $(mod $group {
            use super::*;

            $(#[test]
            fn $case() {
                $crate::run(async {
                    let (store, guard) = $fresh().await;
                    $crate::$group::$case($crate::World::new(store)).await;
                    drop(guard);
                });
            })+
        })+
    };
}
