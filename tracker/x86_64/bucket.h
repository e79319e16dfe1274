/* x86_64/bucket.h - all words of a cache line looked at at once, by instructions that every x86-64 has. */
#ifndef TRACKER_X86_64_BUCKET_H
#define TRACKER_X86_64_BUCKET_H

#include <emmintrin.h>
#include <stdint.h>

/* The high halves of the four words at `from` that are `tag`: all ones each, the others zeros. */
static inline __m128i bucket_tagged_half(const __m128i *from, __m128i tag) {
    __m128 first = _mm_castsi128_ps(_mm_cmpeq_epi32(from[0], tag)),
           second = _mm_castsi128_ps(_mm_cmpeq_epi32(from[1], tag));
    return _mm_castps_si128(_mm_shuffle_ps(first, second, _MM_SHUFFLE(3, 1, 3, 1)));
}

/* A mask of those of the 8 words at `bucket`, a cache line, whose high half is `tag`. */
static inline unsigned bucket_tagged(const void *bucket, uint32_t tag) {
    const __m128i *from = (const __m128i *)bucket, wanted = _mm_set1_epi32((int)tag);
    __m128i words = _mm_packs_epi32(bucket_tagged_half(from, wanted), bucket_tagged_half(from + 2, wanted));
    return (unsigned)_mm_movemask_epi8(_mm_packs_epi16(words, words)) & 0xff;
}

#endif
