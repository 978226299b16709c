/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CHOS_VERSION_H
#define CHOS_VERSION_H

#define CHOS_VERSION "0.1.0"

#endif
