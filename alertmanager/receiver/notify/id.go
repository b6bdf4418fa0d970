package notify

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// MessageID names a message for providers, who give it back with what they
// say later: [ParseMessageID] reads it.
func MessageID(id incident.ID, message int, recipient, way string) string {
	return fmt.Sprintf("%d.%d.%s.%s", id, message, recipient, way)
}

// ParseMessageID gives a receipt without a state for the message that an id
// names; false when it names none.
func ParseMessageID(text string) (incident.Receipted, bool) {
	parts := strings.SplitN(text, ".", 3)
	if len(parts) != 3 {
		return incident.Receipted{}, false
	}
	id, errID := strconv.ParseInt(parts[0], 10, 64)
	number, errNumber := strconv.Atoi(parts[1])
	dot := strings.LastIndexByte(parts[2], '.')
	if errID != nil || errNumber != nil || dot < 1 || dot == len(parts[2])-1 {
		return incident.Receipted{}, false
	}
	return incident.Receipted{
		Incident: incident.ID(id), Message: number, Recipient: parts[2][:dot], Way: parts[2][dot+1:],
	}, true
}
