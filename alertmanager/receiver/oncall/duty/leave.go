package duty

import "strings"

// isLeave says whether a word is one of those that people write beside a name
// when somebody is away, and so no surname.
func isLeave(text string) bool {
	for line := range strings.Lines(leave) {
		for word := range strings.FieldsSeq(line) {
			if word == text {
				return true
			}
		}
	}
	return false
}

// leave are such words, without accents: what calendars of leave and the titles
// of days hold in the languages of most of them.
const leave = `
a absence absent afternoon all al and annual appointment at away back bank bereavement birthday break business by christmas closed company compassionate conference
course covers covering day days dentist doctor easter family flex for free from funeral gone half holiday holidays home hospital hours ill illness in is jury
leave leaves leaving maternity meeting moving morning next no non not of off office on only ooo oof out parental parents part paternity personal pto public
request requested remote sabbatical school shared sick sickness study the this time timeoff tit till to toil today tomorrow training travel travelling trip
unavailable unpaid until vac vacation vacations wedding week weekend wfh with work working
mon monday tue tuesday wed wednesday thu thursday fri friday sat saturday sun sunday
abwesend abwesenheit arzt dienstreise elternzeit feiertag ferien frei krank krankheit urlaub
absence absente absent conge conges ferie malade maladie rtt vacances
afwezig verlof vakantie vrij ziek
ausente baja vacaciones permiso
assente ferie malattia permesso
ferias licenca nieobecny urlop zwolnienie
`
