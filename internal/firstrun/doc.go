// Package firstrun asks a few questions and makes a first catalogue of the
// answers.
//
// It stands behind `tocsin init`. [Ask] goes through the questions of
// [Questions] on a terminal; [Files] turns the answers into the catalogue and
// the contacts file of the person on call, which the command writes.
//
// An answer is judged by the catalogue itself: a whole catalogue is made with
// it and loaded, so a question never accepts what `tocsin check` would refuse.
package firstrun
