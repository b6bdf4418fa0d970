// Package drill exercises the whole way from an alert to a person: it raises a
// marked alert in Alertmanager, follows what becomes of it in the receiver, says
// each hop with its time, and takes the alert back.
//
// It stands behind `tocsin drill`. The alert carries the label
// [incident.LabelDrill], so that it never joins a real incident, and every text
// that is made of it says that nothing is broken.
package drill
