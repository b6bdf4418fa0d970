// Package up runs the whole demo estate on one machine until it is told to end.
//
// `tocsin up` calls [Run]. It makes what is missing (engines, programs, state),
// checks the ports, starts the parts stage by stage, waits until each answers,
// and says where they are and how to break the demo. With a Docker engine the
// parts are the containers of docker-compose.yml, otherwise plain processes
// that read the same committed files.
//
// Children live in process groups of their own, so that Ctrl-C at the terminal
// reaches only this program, which then ends them in order; on Linux they also
// end when this program is killed outright.
package up
