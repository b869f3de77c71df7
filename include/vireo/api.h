// Marks what libvireo exports; everything else is hidden.
#pragma once

#define VIREO_API __attribute__((visibility("default")))
