//! The client against a running simulator: tokens, alerts, suggestions, prompts, typing, tasks, notifications, and that no secret gets out.

mod alerts;
mod notifications;
mod prompts;
mod secrets;
mod suggestions;
mod support;
mod tasks;
mod tasks_answers;
mod token;
mod token_answers;
mod typing;
mod typing_answers;
