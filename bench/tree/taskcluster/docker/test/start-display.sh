#!/bin/bash
# Starts a virtual display and a window manager for tests.
set -e
Xvfb :0 -screen 0 1600x1200x24 &
export DISPLAY=:0
sleep 1
fluxbox &
