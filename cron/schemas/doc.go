// Package schemas holds the JSON Schema document of .cron.yml (cron).
//
// It accepts what the program that Mozilla's repositories use accepts, and besides the field month. It refuses numbers that
// no clock shows, which that program lets pass: such a job would never run.
package schemas
